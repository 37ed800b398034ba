import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

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

/** For tests: a small linear congruential generator; the same seed gives the same file. */
export function random(seed: number): (below: number) => number {
  let state = seed >>> 0
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
