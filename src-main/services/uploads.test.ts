import { mkdtemp, readdir, readFile, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { asWorkbenchError } from '../../src-shared/ipc/errors.ts'
import { createUploads } from './uploads.ts'

let dataDir: string
let registered: string[]
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'diploscope-uploads-'))
  registered = []
})
afterEach(() => rm(dataDir, { recursive: true, force: true, maxRetries: 10 }))

const uploadsWith = (more: { maxBytes?: number; freeBytes?: () => Promise<number> } = {}) =>
  createUploads({ dataDir, now: Date.now, register: path => `id${registered.push(path)}`, ...more })

const bodyOf = (...chunks: string[]) =>
  new ReadableStream<Uint8Array>({
    pull(controller) {
      const next = chunks.shift()
      if (next === undefined) controller.close()
      else controller.enqueue(new TextEncoder().encode(next))
    },
  })
const request = (name: string, body: ReadableStream<Uint8Array>, more = {}) => ({
  name,
  batch: undefined,
  length: undefined,
  body,
  signal: new AbortController().signal,
  ...more,
})
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'fine',
    error => asWorkbenchError(error).code,
  )
/** Every file below the data folder, however it is named. */
const left = async () =>
  (await readdir(dataDir, { recursive: true, withFileTypes: true })).filter(e => e.isFile()).map(e => e.name)

describe('a dropped file', () => {
  it('is kept whole, and the files of one drop lie together', async () => {
    const uploads = uploadsWith()
    const bam = await uploads.take(request('a b.bam', bodyOf('re', 'ads')))
    const index = await uploads.take(request('a b.bam.bai', bodyOf('index'), { batch: bam.batch, length: 5 }))
    expect(bam).toMatchObject({ entryId: 'id1', name: 'a b.bam', sizeBytes: 5 })
    expect(index).toMatchObject({ entryId: 'id2', batch: bam.batch })
    expect(await readFile(registered[0] ?? '', 'utf8')).toBe('reads')
    expect(dirname(registered[0] ?? '')).toBe(dirname(registered[1] ?? ''))
    const other = await uploads.take(request('a b.bam', bodyOf('other')))
    expect(other.batch).not.toBe(bam.batch)
    expect(await readFile(registered[0] ?? '', 'utf8')).toBe('reads')
  })

  it.each(['', '.', '..', '../a.bam', 'a/b.bam', 'a\\b.bam', 'a\0b', '.hidden', 'C:x', 'x'.repeat(201), 'a\nb'])(
    'named %j is refused',
    async name => {
      expect(await codeOf(uploadsWith().take(request(name, bodyOf('x'))))).toBe('bad-input')
      expect(await left()).toEqual([])
    },
  )

  it.each(['..', 'short', '../../../../etc/x', 'a'.repeat(65)])('of batch %j is refused', async batch => {
    expect(await codeOf(uploadsWith().take(request('a.bam', bodyOf('x'), { batch })))).toBe('bad-input')
  })

  it('over the limit is refused, whether it says its length or not, and leaves nothing', async () => {
    const uploads = uploadsWith({ maxBytes: 4 })
    expect(await codeOf(uploads.take(request('a.bam', bodyOf('12345'), { length: 5 })))).toBe('unsupported')
    expect(await codeOf(uploads.take(request('a.bam', bodyOf('123', '45'))))).toBe('unsupported')
    expect(await left()).toEqual([])
  })

  it('is refused before it fills the disk', async () => {
    const uploads = uploadsWith({ freeBytes: async () => 600 * 1024 ** 2 })
    expect(await codeOf(uploads.take(request('a.bam', bodyOf('x'), { length: 200 * 1024 ** 2 })))).toBe('no-space')
    expect(await codeOf(uploads.take(request('b.bam', bodyOf('x'), { length: 1 })))).toBe('fine')
  })

  it('that breaks off, is cancelled, or is not as long as it said leaves nothing', async () => {
    const uploads = uploadsWith()
    const broken = new ReadableStream<Uint8Array>({
      start: c => c.enqueue(new Uint8Array(10)),
      pull: c => c.error(new Error('gone')),
    })
    expect(await codeOf(uploads.take(request('a.bam', broken)))).not.toBe('fine')
    expect(await codeOf(uploads.take(request('a.bam', bodyOf('x'), { signal: AbortSignal.abort() })))).toBe('cancelled')
    expect(await codeOf(uploads.take(request('a.bam', bodyOf('123'), { length: 5 })))).toBe('truncated')
    expect(await left()).toEqual([])
    expect(registered).toEqual([])
  })

  it('that nobody uses is removed after a week, one in use is kept', async () => {
    const uploads = uploadsWith()
    for (const name of ['old.bam', 'used.bam', 'new.bam']) await uploads.take(request(name, bodyOf('x')))
    for (const path of registered.slice(0, 2)) await utimes(dirname(path), 1, 1)
    await uploads.tidy([registered[1] ?? ''])
    expect((await left()).sort()).toEqual(['new.bam', 'used.bam'])
  })
})
