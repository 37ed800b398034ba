import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const FILE = 'clock.jsonl'

type Line = readonly ['peakBytes' | number, number]

/**
 * What a training cost, kept beside its checkpoints so that one that was stopped and gone on with still knows it: seconds of every step, and
 * the largest peak of its compute processes. A step that was taken again counts once, with its last time. Not part of metrics.jsonl, whose
 * bytes depend on no clock.
 */
export class StepClock {
  private readonly steps = new Map<number, number>()
  private peak = 0
  private began = 0

  constructor(
    private readonly folder: string,
    private readonly now: () => number = () => performance.now(),
  ) {
    for (const line of lines(join(folder, FILE))) this.know(line)
  }

  /** The batch of a step is ready. */
  begin(): void {
    this.began = this.now()
  }

  /** The step is taken; 1 is the first. */
  end(step: number): void {
    this.add([step, (this.now() - this.began) / 1000])
  }

  sawPeak(bytes: number): void {
    if (bytes > this.peak) this.add(['peakBytes', bytes])
  }

  /** Seconds of each step. */
  get seconds(): readonly number[] {
    return [...this.steps.values()]
  }

  get peakBytes(): number {
    return this.peak
  }

  private know([what, value]: Line): void {
    if (what === 'peakBytes') this.peak = Math.max(this.peak, value)
    else this.steps.set(what, value)
  }

  private add(line: Line): void {
    this.know(line)
    appendFileSync(join(this.folder, FILE), `${JSON.stringify(line)}\n`)
  }
}

/** The whole lines: a kill may cut the last. */
function lines(path: string): Line[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return []
  }
  return text.split('\n').flatMap(line => {
    try {
      const [what, value] = JSON.parse(line) as unknown[]
      const known = what === 'peakBytes' || typeof what === 'number'
      return known && typeof value === 'number' ? [[what, value] as const] : []
    } catch {
      return []
    }
  })
}
