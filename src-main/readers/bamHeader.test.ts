import { copyFileSync, utimesSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { quietContext } from '../../src-shared/job.ts'
import { readBamHeader } from './bamHeader.ts'
import { writeBam } from './bamWriter.ts'
import { bgzip, END_OF_FILE } from './blockGzip.ts'
import { openChecked } from './checkedFile.ts'
import { buildIndex } from './indexBuilder.ts'
import { probeFile } from './probe.ts'
import { testFolder } from './testFiles.ts'

const at = testFolder()

async function headerOf(bytes: Uint8Array) {
  writeFileSync(at('h.bam'), bytes)
  const file = await openChecked(at('h.bam'))
  try {
    return await readBamHeader(file)
  } finally {
    await file.close()
  }
}
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'fine',
    error => error.code as string,
  )

const contigs = Array.from({ length: 3000 }, (_, i) => ({ name: `scaffold_é_${i}`, length: 1000 + i }))

describe('the header of a BAM', () => {
  // Truth: the SAM specification, section 4.2, laid out by hand.
  it('is read over the edges of blocks, whatever their size, and tells where records begin', async () => {
    const int = (n: number) => new Uint8Array(Int32Array.of(n).buffer)
    const text = new TextEncoder().encode('@HD\tVN:1.6\tSO:coordinate\n@RG\tID:a\tSM:one\n')
    const name = new TextEncoder().encode('chrÄ\0')
    const content = Buffer.concat([Buffer.from('BAM\x01'), int(text.length), text, int(1), int(name.length), name, int(77)]) // biome-ignore format: one line
    for (const blockBytes of [1, 3, 7, content.length, 65_280]) {
      const header = await headerOf(bgzip(content, blockBytes))
      expect(header).toMatchObject({
        contigs: [{ name: 'chrÄ', length: 77 }],
        sortOrder: 'coordinate',
        samples: ['one'],
      })
      // Nothing follows but the end-of-file block: the next place is its begin.
      expect(header.firstRecord).toEqual({ block: bgzip(content, blockBytes).length - END_OF_FILE.length, within: 0 })
    }
    const followed = await headerOf(bgzip(Buffer.concat([content, Buffer.alloc(50)])))
    expect(followed.firstRecord).toEqual({ block: 0, within: content.length })
  })

  // Truth: the whole file, cut.
  it('is truncated wherever the file is cut within it, in every reader', async () => {
    const bytes = writeBam({ contigs, records: [] })
    for (const size of [3, 10, 17, 18, 25, 100, 2000, bytes.length - 200]) {
      expect(await codeOf(headerOf(bytes.slice(0, size))), `cut at ${size}`).toBe('truncated')
      expect(await codeOf(probeFile(at('h.bam'))), `probe, cut at ${size}`).toBe('truncated')
      expect(await codeOf(buildIndex(at('h.bam'), {}, quietContext())), `index, cut at ${size}`).toBe('truncated')
    }
  })

  it('is told from other files', async () => {
    for (const bytes of [END_OF_FILE, bgzip('text\n'), new TextEncoder().encode('text'), Uint8Array.of(0x1f, 0x8b)])
      expect(await codeOf(headerOf(bytes))).toBe('wrong-type')
  })
})

// Truth: the times that the files were given.
it('refuses an index older than its file as probing calls it, and names the command that mends it', async () => {
  const path = at('old.bam')
  writeFileSync(path, writeBam({ contigs: [{ name: 'chr1', length: 100 }], records: [] }))
  await buildIndex(path, {}, quietContext())
  const { openAlignments } = await import('./alignments.ts')
  await (await openAlignments(path)).close()
  const hourAgo = Date.now() / 1000 - 3600
  utimesSync(`${path}.bai`, hourAgo, hourAgo)
  expect((await probeFile(path)).index).toBe('stale')
  await expect(openAlignments(path)).rejects.toMatchObject({ code: 'bad-index', remedy: expect.stringContaining(`diploscope index ${path} --force`) }) // biome-ignore format: one line
  copyFileSync(`${path}.bai`, at('elsewhere.bai'))
  utimesSync(at('elsewhere.bai'), hourAgo, hourAgo)
  await expect(openAlignments(path, { index: at('elsewhere.bai') })).rejects.toMatchObject({ code: 'bad-index' })
  await buildIndex(path, { force: true }, quietContext())
  expect((await probeFile(path)).index).toBe('ok')
  await (await openAlignments(path)).close()
})

it('does the same for a CRAM, whose index samtools makes', async () => {
  const path = at('old.cram')
  for (const end of ['', '.crai'])
    copyFileSync(resolve(import.meta.dirname, `../../test-data/cram/version21.cram${end}`), `${path}${end}`)
  const { openAlignments } = await import('./alignments.ts')
  await (await openAlignments(path)).close()
  const hourAgo = Date.now() / 1000 - 3600
  utimesSync(`${path}.crai`, hourAgo, hourAgo)
  expect((await probeFile(path)).index).toBe('stale')
  await expect(openAlignments(path)).rejects.toMatchObject({ code: 'bad-index', remedy: expect.stringContaining(`samtools index ${path}`) }) // biome-ignore format: one line
})
