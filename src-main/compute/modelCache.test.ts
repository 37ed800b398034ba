import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ModelCache } from './modelCache.ts'

const work = mkdtempSync(join(tmpdir(), 'model-cache-'))
afterAll(() => rmSync(work, { recursive: true, force: true, maxRetries: 10 }))
const model = (value: number) => ({ bytes: new Uint8Array(1000).fill(value), files: { 'w.bin': Uint8Array.of(value) } })
const tick = () => new Promise(done => setTimeout(done, 15)) // so that the times of two folders differ

describe('the cache of models given as bytes', () => {
  it('keeps one copy of equal content, with its files beside it', async () => {
    const cache = new ModelCache(join(work, 'equal'), 1e6)
    const path = await cache.pathOf(model(1))
    expect(await new ModelCache(join(work, 'equal'), 1e6).pathOf(model(1))).toBe(path)
    expect(await cache.pathOf({ ...model(1), files: { 'w.bin': Uint8Array.of(9) } })).not.toBe(path)
    expect([...readFileSync(join(dirname(path), 'w.bin'))]).toEqual([1])
  })

  it('removes what was unused for longest beyond its limit, but nothing that this program has asked for', async () => {
    const folder = join(work, 'limit')
    const earlier = new ModelCache(folder, 1e6)
    const old: string[] = []
    for (const value of [1, 2, 3]) {
      old.push(await earlier.pathOf(model(value)))
      await tick()
    }
    const cache = new ModelCache(folder, 2500) // two models of 1,001 bytes fit
    await cache.pathOf(model(1)) // used again: now the newest
    await tick()
    const added = await cache.pathOf(model(4))
    expect(old.map(path => existsSync(path))).toEqual([true, false, false])
    const small = new ModelCache(folder, 10)
    const kept = await small.pathOf(model(5))
    expect(existsSync(kept)).toBe(true)
    expect(existsSync(added)).toBe(false)
  })

  // Truth: the file system's own inode numbers. Memory is another file system than the folder for temporary files, where there is one.
  const memory = '/dev/shm'
  it.skipIf(!existsSync(memory) || statSync(memory).dev === statSync(work).dev)(
    'copies a file from another file system once for all models',
    async () => {
      const elsewhere = mkdtempSync(join(memory, 'model-cache-'))
      try {
        const weights = join(elsewhere, 'w.st')
        writeFileSync(weights, 'weights')
        const cache = new ModelCache(join(work, 'elsewhere'), 1e6)
        const paths = [await cache.pathOf({ bytes: Uint8Array.of(1), links: { 'w.st': weights } }), await cache.pathOf({ bytes: Uint8Array.of(2), links: { 'w.st': weights } })] // biome-ignore format: one line
        const files = paths.map(path => join(dirname(path), 'w.st'))
        expect(files.map(file => readFileSync(file, 'utf8'))).toEqual(['weights', 'weights'])
        expect(statSync(files[0]!).ino).toBe(statSync(files[1]!).ino)
        writeFileSync(weights, 'other weights')
        const changed = await cache.pathOf({ bytes: Uint8Array.of(1), links: { 'w.st': weights } })
        expect(readFileSync(join(dirname(changed), 'w.st'), 'utf8')).toBe('other weights')
      } finally {
        rmSync(elsewhere, { recursive: true, force: true, maxRetries: 10 })
      }
    },
  )

  it('leaves nothing half-written when a file to be linked is absent or cannot be read', async () => {
    const folder = join(work, 'half')
    const cache = new ModelCache(folder, 1e6)
    await expect(cache.pathOf({ bytes: Uint8Array.of(1), links: { 'w.st': join(work, 'absent') } })).rejects.toMatchObject({ code: 'not-found' }) // biome-ignore format: one line
    await cache.pathOf(model(1))
    const failing = { bytes: Uint8Array.of(2), files: { 'no/such/folder': Uint8Array.of(1) } }
    await expect(cache.pathOf(failing)).rejects.toMatchObject({ code: 'not-found' })
    expect(readdirSync(folder).filter(name => name.startsWith('.'))).toEqual([])
  })
})
