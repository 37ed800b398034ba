import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { PILEUP_DEFAULTS } from '../../../../src-shared/genome/pileup.ts'
import { quietContext } from '../../../../src-shared/job.ts'
import { randomReads } from '../../../../test-support/pileup/reads.ts'
import { naivePileup } from '../../../domain/pileup/naiveTwin.ts'
import { TABLE_HEADER } from '../../../domain/pileup/table.ts'
import { writeBam } from '../../../readers/bamWriter.ts'
import { buildIndex } from '../../../readers/indexBuilder.ts'
import { testFolder } from '../../../readers/testFiles.ts'
import { parseArguments } from '../arguments.ts'
import { EXIT } from '../command.ts'
import { processIo } from '../io.ts'
import { command } from './pileup.ts'

const at = testFolder()
const reads = randomReads(21, 500, 20_000)

async function sample(): Promise<string> {
  const path = at('sample.bam')
  if (existsSync(path)) return path
  const records = reads.map(r => ({ ...r, cigar: r.cigar.map(([n, op]) => `${n}${op}`).join(''), sequence: r.bases || '*' })) // biome-ignore format: one line
  const contigs = [{ name: 'chr1', length: 30_000 }, { name: 'chr2', length: 10 }] // biome-ignore format: one line
  writeFileSync(path, writeBam({ contigs, records }))
  await buildIndex(path, {}, quietContext())
  return path
}

const io = processIo(new AbortController().signal, true)
const run = (...argv: string[]) => command.run(parseArguments(command, argv), io)

describe('diploscope pileup', () => {
  it('writes the table of the naive twin and the ledger, whole', async () => {
    const path = await sample()
    expect(await run(path, '--region', '1:1,001-15,000', '--out', at('t.tsv'), '--ledger', at('l.json'))).toBe(
      EXIT.done,
    )
    const rows = naivePileup(reads, 0, 1000, 15_000, PILEUP_DEFAULTS)
    const expected = rows.map(([position, ...rest]) => `chr1\t${[position! + 1, ...rest].join('\t')}\n`).join('')
    expect(readFileSync(at('t.tsv'), 'utf8')).toBe(TABLE_HEADER + expected)
    const ledger = JSON.parse(readFileSync(at('l.json'), 'utf8'))
    expect(ledger.region).toBe('chr1:1001-15000')
    expect(ledger.columns.depth).toBe(rows.reduce((sum, row) => sum + row[2]!, 0))
  })

  it('prints the same rows as one JSON document', async () => {
    const path = await sample()
    for (const region of ['1:1,001-15,000', 'chr2']) {
      await run(path, '--region', region, '--out', at('t.json'), '--json')
      const told = JSON.parse(readFileSync(at('t.json'), 'utf8'))
      await run(path, '--region', region, '--out', at('again.tsv'))
      const lines = readFileSync(at('again.tsv'), 'utf8').trimEnd().split('\n')
      expect(['contig', ...told.columns].join('\t')).toBe(lines[0])
      expect(told.rows.map((row: number[]) => [told.contig, ...row].join('\t'))).toEqual(lines.slice(1))
      expect(told.rows.length).toBe(region === 'chr2' ? 0 : lines.length - 1)
      expect(told.ledger.columns.depth).toBe(told.rows.reduce((sum: number, row: number[]) => sum + row[2]!, 0))
    }
  })

  it('understands the options of each filter', async () => {
    const path = await sample()
    const argv = ['--stepper', 'nofilter', '--min-base-quality', '0', '--max-depth', '3', '--count-overlaps']
    await run(path, '--region', 'chr1', '--out', at('o.tsv'), ...argv)
    const options = {
      ...PILEUP_DEFAULTS,
      stepper: 'nofilter',
      minBaseQuality: 0,
      maxDepth: 3,
      countOverlaps: true,
    } as const
    const rows = naivePileup(reads, 0, 0, 40_000, options)
    expect(readFileSync(at('o.tsv'), 'utf8').trimEnd().split('\n').slice(1)).toEqual(
      rows.map(([position, ...rest]) => `chr1\t${[position! + 1, ...rest].join('\t')}`),
    )
  })

  it('leaves nothing behind where the file turns out damaged on the way', async () => {
    const path = await sample()
    const bytes = readFileSync(path)
    bytes[bytes.length - 60]! ^= 1 // within the last block of reads
    writeFileSync(at('bad.bam'), bytes)
    mkdirSync(at('out'))
    const call = run(at('bad.bam'), '--index', `${path}.bai`, '--region', 'chr1', '--out', at('out', 't.tsv'), '--ledger', at('out', 'l.json')) // biome-ignore format: one line
    await expect(call).rejects.toMatchObject({ name: 'WorkbenchError' })
    expect(readdirSync(at('out'))).toEqual([])
  })

  it('prints nothing where the ledger cannot be written', async () => {
    const printed = async () => {
      throw new Error('something was printed')
    }
    const args = parseArguments(command, [await sample(), '--region', 'chr1', '--ledger', at('nowhere', 'l.json')])
    const call = command.run(args, { ...io, write: printed, output: async (_path, produce) => produce(printed) })
    await expect(call).rejects.toMatchObject({ code: 'not-found' })
  })

  it('refuses unknown words and numbers', async () => {
    const path = await sample()
    const refused = (code: string, ...argv: string[]) =>
      expect((async () => run(path, ...argv))()).rejects.toMatchObject({ code })
    await refused('wrong-usage')
    await refused('wrong-usage', '--region', 'chr1', '--stepper', 'None')
    await refused('wrong-usage', '--region', 'chr1', '--max-depth', '-1')
    await refused('wrong-usage', '--region', 'chr1', '--flag-filter', '3.5')
    await refused('region', '--region', 'chr1:20-10')
    await refused('region', '--region', 'chr1:40000-50000')
    await refused('not-found', '--region', 'chr9:1-10')
  })
})
