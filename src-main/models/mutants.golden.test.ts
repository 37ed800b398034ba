import { expect, it } from 'vitest'
import { exact, setUp } from '../../test-support/exact-by-hand.ts'
import { goldenCases, goldenText, Judge } from '../../test-support/golden.ts'
import { goldenEnformer, oneHotCodes } from '../../test-support/golden-enformer.ts'
import { runEnformer } from './enformer.ts'

const LETTERS = 'ACGT'

/** Truth: the reference run again for every alternative base, in float64. Here only what each base reaches is run again, by plain loops. */
for (const at of goldenCases('mutagenesis'))
  it(`mutagenesis by what a base reaches: ${at.folder}`, async () => {
    const golden = await goldenEnformer(at)
    const { config, length } = golden
    const network = {
      length,
      bins: config.targetBins,
      build: (graph: Parameters<typeof runEnformer>[0], batch: number) => ({
        human: runEnformer(graph, config, graph.input('sequence', [batch, length, 4])).heads['human']!,
      }),
    }
    const options = { group: 1, placed: false, batch: 3, windows: true }
    const setup = setUp(network, options, golden.weights)
    const codes = golden.codes.subarray(0, length)
    const reference = Float64Array.from(oneHotCodes(codes))
    const [header, ...rows] = goldenText(at, 'effects.tsv')
      .trim()
      .split('\n')
      .map(line => line.split('\t'))
    const of = (row: readonly string[], column: string) => row[header!.indexOf(column)]!
    const columns = header!.filter(name => /^track\d+$/.test(name))
    const tracks = config.outputs.get('human')!
    const [{ head }] = [{ head: setup.source.outputs['human']! }]
    const judge = new Judge()
    for (const position of at.json.positions0 as readonly number[]) {
      const own = rows.filter(row => Number(of(row, 'position0')) === position)
      const mutants = own.map(row =>
        Float64Array.from(oneHotCodes(codes.with(position, LETTERS.indexOf(of(row, 'alt'))))),
      )
      const got = exact(setup, reference, mutants, { start: position, end: position + 1 }, options)
      const base = setup.known.get(head)!
      own.forEach((row, i) => {
        for (const column of columns) {
          const track = Number(/\d+$/.exec(column)![0])
          let sum = 0
          for (let bin = 0; bin < config.targetBins; bin++)
            sum += got[i]![bin * tracks + track]! - base[bin * tracks + track]!
          const label = `${position} ${of(row, 'ref')}>${of(row, 'alt')} ${column}`
          judge.number(label, sum / config.targetBins, Number(of(row, column)), at.json.tolerance.float64_abs)
        }
      })
    }
    expect(judge.comparisons).toBe(rows.length * columns.length)
    console.log(`mutagenesis in parts, plain loops in float64: ${judge.worst}`)
  })
