import { describe, expect, it } from 'vitest'
import type { Progress } from '../../../src-shared/job.ts'
import { progressPrinter } from './io.ts'

/** What is printed of reports at seconds 0, 4, 8 …, each late enough for a line of its own. */
const printed = (reports: readonly Progress[], isTTY = false): readonly string[] => {
  const lines: string[] = []
  let time = 0
  const stderr = { isTTY, write: (text: string) => lines.push(text) > 0 } as unknown as NodeJS.WriteStream
  const printer = progressPrinter(stderr, () => time)
  for (const report of reports) {
    printer.report(report)
    time += 4000
  }
  return lines
}
const at = (done: number, total: number, phase = 'measuring'): Progress => ({ phase, done, total })

// Truth: counted by hand: 10 of 40 in four seconds leave 30 for twelve.
describe('progress on the command line', () => {
  it('says how much of the whole is done, and how long still', () => {
    expect(printed([at(0, 40), at(10, 40), at(40, 40)])).toEqual(['measuring: 25 %, about 12 s left\n', 'measuring: 100 %\n']) // biome-ignore format: one line
  })

  it('counts things without a total, and says no rate', () => {
    expect(printed([at(0, 0), at(1462, 0, 'lines')])).toEqual(['lines: 1,462 in 4 s\n'])
  })

  it('says of a share of an unknown whole only how long it has been', () => {
    expect(printed([at(0, 0), at(14.619, 0)])).toEqual(['measuring: 4 s so far\n'])
  })

  it('begins another pace with another phase', () => {
    expect(printed([at(0, 10), at(5, 10), at(0, 10, 'judging'), at(1, 10, 'judging')]).at(-1)).toBe('judging: 10 %, about 36 s left\n') // biome-ignore format: one line
  })

  it('draws a bar where somebody looks, and none without a total', () => {
    const [half, none] = printed([at(0, 4), at(2, 4), at(0.5, 0)], true)
    expect(half).toBe(`\r\x1b[Kmeasuring [${'#'.repeat(12)}${' '.repeat(12)}] 50 %, about 4 s left`)
    expect(none).toBe('\r\x1b[Kmeasuring 8 s so far')
  })
})
