import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { ServedFile } from './servedFile.ts'

const content = Uint8Array.from({ length: 1000 }, (_, i) => i % 251)

/** A server of byte ranges, as small as can be (RFC 9110, 14). */
const serve = async (_url: unknown, init: RequestInit = {}) => {
  const range = new Headers(init.headers).get('Range')
  if (!range) return new Response(content)
  const [, a, b] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? []
  const from = Number(a)
  if (from >= content.length) return new Response(null, { status: 416 })
  return new Response(content.slice(from, b ? Number(b) + 1 : undefined), { status: 206 })
}

const make = (failed: (e: WorkbenchError) => void = () => {}, stop = new AbortController()) => ({
  stop,
  file: new ServedFile({ fileId: 'f', url: '/data/f', name: 'a.bam', sizeBytes: content.length }, stop.signal, failed),
})

describe('ServedFile', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('is taken for a file by igv.js (own name, slice, arrayBuffer)', () => {
    const { file } = make()
    expect(
      Object.hasOwn(file, 'name') && typeof file.slice === 'function' && typeof file.arrayBuffer === 'function',
    ).toBe(true)
    expect(Object.hasOwn(file.slice(1, 2), 'name')).toBe(true)
  })

  it('gives the same bytes as a Blob for any slices of slices (truth: Blob)', async () => {
    vi.stubGlobal('fetch', serve)
    const blob = new Blob([content])
    const cut = fc.tuple(fc.nat(1200), fc.option(fc.nat(1200), { nil: undefined }))
    await fc.assert(
      fc.asyncProperty(fc.array(cut, { maxLength: 3 }), async cuts => {
        let mine = make().file
        let truth = blob
        for (const [start, end] of cuts) {
          mine = mine.slice(start, end)
          truth = truth.slice(start, end)
        }
        expect(new Uint8Array(await mine.arrayBuffer())).toEqual(new Uint8Array(await truth.arrayBuffer()))
      }),
    )
  })

  it('tells what the host says when the file is gone, and asks nothing once it is let go', async () => {
    const fetched = vi.fn(async () =>
      Response.json({ code: 'changed', message: "'a.bam' has vanished", remedy: 'put it back' }, { status: 409 }),
    )
    vi.stubGlobal('fetch', fetched)
    const failed = vi.fn()
    const { file, stop } = make(failed)
    await expect(file.slice(0, 10).arrayBuffer()).rejects.toThrow("'a.bam' has vanished")
    expect(failed).toHaveBeenCalledOnce()
    stop.abort()
    await expect(file.arrayBuffer()).rejects.toThrow('Cancelled')
    expect(fetched).toHaveBeenCalledOnce()
    expect(failed).toHaveBeenCalledOnce()
  })
})
