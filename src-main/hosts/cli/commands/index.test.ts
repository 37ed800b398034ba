import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { quietContext } from '../../../../src-shared/job.ts'
import { runCommand } from '../../../../test-support/run-command.ts'
import { openAlignments } from '../../../readers/alignments.ts'
import { command } from './index.ts'

const folder = mkdtempSync(join(tmpdir(), 'diploscope-index-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))
const at = (name: string) => join(folder, name)

const run = (...argv: string[]) => runCommand(command, ...argv)

describe('index', () => {
  it('writes a .bai with which the BAM can be read, and will not replace it unless told to', async () => {
    copyFileSync(resolve(import.meta.dirname, '../../../../assets/demo/synthetic-e3e4.bam'), at('a.bam'))
    expect(await run(at('a.bam'))).toEqual({ code: 0, out: `${at('a.bam.bai')}\n`, notes: [] })
    const file = await openAlignments(at('a.bam'))
    let reads = 0
    for await (const batch of file.reads({ contig: 'chr19', start: 44_908_683, end: 44_908_684 }, quietContext())) reads += batch.count // biome-ignore format: one line
    expect(reads).toBeGreaterThan(20)
    await file.close()
    await expect(run(at('a.bam'))).rejects.toMatchObject({ code: 'bad-input', remedy: expect.stringContaining('--force') }) // biome-ignore format: one line
    expect((await run(at('a.bam'), '--force')).code).toBe(0)
    expect((await run(at('a.bam'), '--csi', '--json')).out).toBe(`{"written":[${JSON.stringify(at('a.bam.csi'))}],"warnings":[]}\n`) // biome-ignore format: one line
  })

  it('writes a .fai, and says what is left out of it', async () => {
    writeFileSync(at('b.fa'), '>a\nACGT\n>a\nAC\n')
    const { out, notes } = await run(at('b.fa'))
    expect(out).toBe(`${at('b.fa.fai')}\n`)
    expect(notes).toEqual(["note: 'a' comes a second time; the first one is kept"])
    expect(readFileSync(at('b.fa.fai'), 'utf8')).toBe('a\t4\t3\t4\t5\n')
  })

  it('refuses what has no index, and wrong usage', async () => {
    writeFileSync(at('c.bed'), 'chr1\t1\t2\n')
    await expect(run(at('c.bed'))).rejects.toMatchObject({ code: 'unsupported' })
    await expect(run(at('absent.bam'))).rejects.toMatchObject({ code: 'not-found' })
    await expect(run()).rejects.toMatchObject({ code: 'wrong-usage' })
    await expect(run(at('b.fa'), '--out', 'x')).rejects.toMatchObject({ code: 'wrong-usage' })
  })
})
