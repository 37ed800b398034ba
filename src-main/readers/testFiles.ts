import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, deflateRawSync } from 'node:zlib'
import { afterAll } from 'vitest'
import { END_OF_FILE } from './blockGzip.ts'

/** For tests: a folder that is removed when the file's tests have run. */
export function testFolder(): (...parts: string[]) => string {
  const folder = mkdtempSync(join(tmpdir(), 'diploscope-readers-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return (...parts) => join(folder, ...parts)
}

/** For tests: the independent judge, where it is installed. */
export const hasSamtools = spawnSync('samtools', ['--version']).status === 0

export const samtools = (...args: string[]): string =>
  execFileSync('samtools', args, { encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] })

/** For tests: BGZF made with zlib alone, in blocks of `blockBytes`. */
export function bgzip(bytes: Uint8Array | string, blockBytes = 60_000): Uint8Array {
  const content = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes
  const parts: Uint8Array[] = []
  for (let at = 0; at < content.length; at += blockBytes) {
    const piece = content.subarray(at, at + blockBytes)
    const data = deflateRawSync(piece)
    const block = new Uint8Array(18 + data.length + 8)
    block.set([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, 66, 67, 2, 0])
    const view = new DataView(block.buffer)
    view.setUint16(16, block.length - 1, true)
    block.set(data, 18)
    view.setUint32(18 + data.length, crc32(piece), true)
    view.setUint32(22 + data.length, piece.length, true)
    parts.push(block)
  }
  return Buffer.concat([...parts, END_OF_FILE])
}

/** For tests: a small linear congruential generator; the same seed gives the same file. */
export function random(seed: number): (below: number) => number {
  let state = seed >>> 0
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
