import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { createNetworkCache } from './networkCache.ts'
import { createScanStore, type ScanHead, type StoredScan } from './scanStore.ts'

/** Networks that note what becomes of them. */
function cache(options: { heldBytes?: () => number; limitBytes?: number; limit?: number } = {}) {
  const log: string[] = []
  let clock = 0
  const networks = createNetworkCache({
    now: () => clock,
    ...options,
    heldBytes: async () => options.heldBytes?.() ?? 0,
  })
  const use = (key: string, work: () => Promise<unknown> = async () => undefined) =>
    networks.use(
      key,
      async () => {
        log.push(`open ${key}`)
        return { close: async () => void log.push(`close ${key}`) }
      },
      work,
    )
  return { networks, log, use, later: (ms: number) => { clock += ms } } // biome-ignore format: one line
}

// Truth: what was opened and closed, by whom.
describe('networks that stay open', () => {
  it('are opened once, and once more for who comes meanwhile', async () => {
    const { networks, log, use } = cache()
    await use('a')
    await use('a')
    expect(log).toEqual(['open a'])
    await Promise.all([use('a', () => new Promise(r => setTimeout(r, 20))), use('a')])
    expect(log).toEqual(['open a', 'open a'])
    await networks.close()
    expect(log.filter(l => l === 'close a')).toHaveLength(2)
  })
  it('go when they are idle for long, too many, or hold too much', async () => {
    const { log, use, later } = cache({ limit: 2 })
    await use('a')
    later(1)
    await use('b')
    later(1)
    await use('c')
    expect(log.at(-1)).toBe('close a')
    later(6 * 60_000)
    await use('d')
    expect(log.slice(-2)).toEqual(['close b', 'close c'])
    let held = 10
    const heavy = cache({ heldBytes: () => held, limitBytes: 5 })
    held = 3
    await heavy.use('a')
    held = 10
    await heavy.use('b')
    expect(heavy.log).toEqual(['open a', 'open b', 'close a', 'close b'])
  })
  it('are dropped when they fail, and kept when their work is cancelled', async () => {
    const { networks, log, use } = cache()
    const fail = (code: 'cancelled' | 'out-of-memory') => async () => {
      throw new WorkbenchError(code, 'x', 'y')
    }
    await expect(use('a', fail('cancelled'))).rejects.toThrow()
    expect(networks.open).toBe(1)
    await expect(use('a', fail('out-of-memory'))).rejects.toThrow()
    expect(networks.open).toBe(0)
    await expect(networks.use('b', () => Promise.reject(new WorkbenchError('cancelled', 'x', 'y')), async () => 1)).rejects.toThrow() // biome-ignore format: one line
    expect(networks.open).toBe(0)
    expect(log).toEqual(['open a', 'close a'])
  })
})

describe('an opening that is not waited for', () => {
  it('goes on for the next, or leaves nothing when it fails', async () => {
    const { networks } = cache()
    const stop = new AbortController()
    let opened = 0
    const open = () =>
      new Promise<{ close(): Promise<void> }>(resolve => setTimeout(() => resolve({ close: async () => {} }), ++opened * 30)) // biome-ignore format: one line
    const waiting = networks.use('a', open, async () => 1, stop.signal)
    stop.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' })
    expect(await networks.use('a', open, async () => 2)).toBe(2)
    expect(opened).toBe(1)
    const failing = () => new Promise<never>((_, reject) => setTimeout(() => reject(new Error('no')), 5))
    const other = new AbortController()
    const unwanted = networks.use('b', failing, async () => 1, other.signal)
    other.abort()
    await expect(unwanted).rejects.toMatchObject({ code: 'cancelled' })
    await new Promise(r => setTimeout(r, 20))
    expect(networks.open).toBe(1)
  })
})

describe('files of scans', () => {
  const scan = (scanId: string, positions: number): StoredScan => ({
    head: { version: 1, scanId, columns: [{ channel: 0, name: 'é', unit: '' }], sequence: 'A'.repeat(positions), createdAt: positions } as unknown as ScanHead, // biome-ignore format: one line
    effects: Float32Array.from({ length: 4 * positions }, (_, i) => (i % 3 === 0 ? Number.NaN : i / 7)),
    states: Uint8Array.from({ length: 4 * positions }, (_, i) => i % 5),
  })
  it('give back what was written, the newest first, and leave out what is damaged', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'scan-store-'))
    const store = createScanStore(join(folder, 'scans'))
    expect(await store.list()).toEqual([])
    for (const n of [3, 10, 7]) await store.write(scan(`s${n}`, n))
    expect(await store.read('s7')).toEqual(scan('s7', 7))
    expect((await store.list()).map(h => h.scanId)).toEqual(['s10', 's7', 's3'])
    writeFileSync(join(folder, 'scans', 's3.scan'), 'DPS1....')
    expect((await store.list()).map(h => h.scanId)).toEqual(['s10', 's7'])
    await expect(store.read('s3')).rejects.toMatchObject({ code: 'not-found' })
    await store.remove('s10')
    expect(readdirSync(join(folder, 'scans')).sort()).toEqual(['s3.scan', 's7.scan'])
    rmSync(folder, { recursive: true })
  })
  it('the oldest go while all are more than the limit', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'scan-store-'))
    const store = createScanStore(folder, 5000)
    for (const [i, id] of ['a', 'b', 'c'].entries()) {
      await store.write(scan(id, 100)) // a little over 2,000 bytes
      utimesSync(join(folder, `${id}.scan`), 1000 + i, 1000 + i)
    }
    expect(readdirSync(folder).sort()).toEqual(['b.scan', 'c.scan'])
    rmSync(folder, { recursive: true })
  })
})
