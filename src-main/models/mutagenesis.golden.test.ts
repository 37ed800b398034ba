import { expect } from 'vitest'
import type { GoldenCase } from '../../test-support/golden.ts'
import { goldenCases, goldenText, Judge } from '../../test-support/golden.ts'
import { goldenOnDevices } from '../../test-support/golden-devices.ts'
import { goldenEnformer, oneHotCodes } from '../../test-support/golden-enformer.ts'
import { Graph } from '../graph/graph.ts'
import { reachedSpans } from '../graph/locality.ts'
import { runEnformer } from './enformer.ts'

const cases = goldenCases('mutagenesis')
const LETTERS = 'ACGT'
const BATCH = 8

/** Truth: the reference run again for every alternative base, in float64. */
goldenOnDevices('mutagenesis', cases, '$folder', (runner, float, device) => {
  const judgeCase = async (at: GoldenCase) => {
    const { json } = at
    const judge = new Judge()
    const golden = await goldenEnformer(at)
    const { config, length } = golden
    const codes = golden.codes.subarray(0, length)
    const [header, ...rows] = goldenText(at, 'effects.tsv')
      .trim()
      .split('\n')
      .map(line => line.split('\t'))
    const of = (row: readonly string[], column: string) => row[header!.indexOf(column)]!
    const columns = header!.filter(name => /^(log2_)?track\d+$/.test(name))
    expect(rows.length).toBe(3 * json.positions0.length)
    expect(columns.length).toBeGreaterThan(0)

    const graph = new Graph({ float })
    const sequence = graph.input('sequence', [BATCH, length, 4])
    const stages = runEnformer(graph, config, sequence)
    const tracks = config.outputs.get('human')!
    const bins = config.targetBins
    const session = await runner.open({ human: stages.heads['human']! })
    const predict = async (sequences: readonly Uint8Array[]): Promise<ArrayLike<number>[]> => {
      // Always whole batches: the last is filled with the reference.
      const all = new Uint8Array(BATCH * length)
      for (let i = 0; i < BATCH; i++) all.set(sequences[i] ?? codes, i * length)
      const human = (await session.run(new Map([...golden.weights, ['sequence', oneHotCodes(all)]]))).get(
        'human',
      )! as Float32Array
      return sequences.map((_, i) => human.subarray(i * bins * tracks, (i + 1) * bins * tracks))
    }
    const [reference] = await predict([codes])
    const tolerance = float === 'float64' ? json.tolerance.float64_abs : json.tolerance.float32_abs
    for (let start = 0; start < rows.length; start += BATCH) {
      const part = rows.slice(start, start + BATCH)
      const predictions = await predict(
        part.map(row => {
          const position = Number(of(row, 'position0'))
          expect(LETTERS[codes[position]!]).toBe(of(row, 'ref'))
          return codes.with(position, LETTERS.indexOf(of(row, 'alt')))
        }),
      )
      part.forEach((row, i) => {
        for (const column of columns) {
          const track = Number(/\d+$/.exec(column)![0])
          const scale = column.startsWith('log2_') ? (p: number) => Math.log2(1 + p) : (p: number) => p
          let sum = 0
          for (let bin = 0; bin < bins; bin++)
            sum += scale(predictions[i]![bin * tracks + track]!) - scale(reference![bin * tracks + track]!)
          const label = `${of(row, 'position0')} ${of(row, 'ref')}>${of(row, 'alt')} ${column}`
          judge.number(label, sum / bins, Number(of(row, column)), tolerance)
        }
      })
    }
    await session.close()

    expect(json.changed_tokens.length).toBe(json.positions0.length)
    for (const { position, changed_tokens: changed } of json.changed_tokens) {
      const span = reachedSpans([stages.tower], sequence, { axis: 1, start: position, end: position + 1 }).get(
        stages.tower,
      )!
      expect(span.axis).toBe(1)
      const reached = Array.from({ length: span.end - span.start }, (_, i) => span.start + i)
      judge.array(`tokens reached by ${position}`, reached, changed, 0)
    }
    expect(judge.comparisons).toBeGreaterThanOrEqual(rows.length * columns.length + json.positions0.length)
    console.log(`mutagenesis on ${device} in ${float}: ${judge.worst}`)
  }

  return judgeCase
})
