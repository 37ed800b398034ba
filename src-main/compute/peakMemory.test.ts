import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { peakRssBytes } from './peakMemory.ts'

describe('peak memory', () => {
  // Truth: what is held now was held at the peak.
  it('is at least what is held now', () => {
    expect(peakRssBytes()).toBeGreaterThan(process.memoryUsage.rss() * 0.9)
  })

  // Truth: the kernel's own word on a child of a program that holds much more than the child ever does.
  it.skipIf(process.platform !== 'linux')('is that of the process alone, not of the program that started it', () => {
    const held = Buffer.alloc(300e6, 1)
    const script =
      "process.stdout.write(String(/VmHWM:\\s+(\\d+)/.exec(require('fs').readFileSync('/proc/self/status','utf8'))[1]))"
    const child = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' })
    expect(held[held.length - 1]).toBe(1)
    expect(peakRssBytes()).toBeGreaterThan(300e6)
    expect(Number(child.stdout) * 1024).toBeLessThan(200e6)
  })
})
