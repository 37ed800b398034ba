import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { TuneCurve } from '../../../src-shared/genome/tune.ts'

/** A log as far as it was read: what is appended is read alone. */
interface ReadLog {
  bytes: number
  /** Begin of a line whose end is not written yet. */
  rest: string
  readonly lines: LogLine[]
}

interface LogLine {
  readonly step: number
  readonly split?: number
  readonly loss?: number
  readonly validationAuc?: number
  readonly validationLoss?: number
}

export interface TuneCurves {
  /** The curves of every split that has begun, from the logs alone: the same while it trains and afterwards. */
  read(folder: string, shape: CurveShape): Promise<readonly TuneCurve[]>
  forget(folder: string): void
}

export interface CurveShape {
  readonly splits: number
  readonly stepsPerSplit: number
  readonly patience: number
  readonly stopBy: 'auc' | 'loss'
}

/** Logs are kept in memory up to this many bytes of text, those looked at last first; the others are read again. */
const KEPT_BYTES = 32 * 1024 * 1024

export function createTuneCurves(): TuneCurves {
  const logs = new Map<string, ReadLog>()
  const forgetOldest = () => {
    let kept = 0
    for (const [path, { bytes }] of [...logs].reverse()) {
      kept += bytes
      if (kept > KEPT_BYTES) logs.delete(path)
    }
  }
  const linesOf = async (path: string): Promise<readonly LogLine[] | undefined> => {
    const file = await open(path, 'r').catch(() => undefined)
    if (!file) {
      logs.delete(path)
      return undefined
    }
    try {
      const { size } = await file.stat()
      let log = logs.get(path)
      // Shorter than before: a training that was killed goes on from its checkpoint.
      if (!log || size < log.bytes) log = { bytes: 0, rest: '', lines: [] }
      if (size > log.bytes) {
        const buffer = Buffer.alloc(size - log.bytes)
        const { bytesRead } = await file.read(buffer, 0, buffer.length, log.bytes)
        const parts = (log.rest + buffer.toString('latin1', 0, bytesRead)).split('\n')
        log.rest = parts.pop() ?? ''
        log.bytes += bytesRead
        for (const part of parts) log.lines.push(JSON.parse(part) as LogLine)
      }
      logs.delete(path)
      logs.set(path, log)
      forgetOldest()
      return log.lines
    } finally {
      await file.close()
    }
  }
  return {
    async read(folder, shape) {
      const joined = await linesOf(join(folder, 'metrics.jsonl'))
      const curves: TuneCurve[] = []
      for (let split = 1; split <= shape.splits; split++) {
        const lines = joined ? joined.filter(l => l.split === split) : await linesOf(join(folder, `split-${split}`, 'metrics.jsonl')) // biome-ignore format: one line
        if (lines && lines.length > 0) curves.push(curveOf(split, lines, shape))
      }
      return curves
    },
    forget(folder) {
      for (const path of [...logs.keys()]) if (path.startsWith(folder)) logs.delete(path)
    },
  }
}

function curveOf(split: number, lines: readonly LogLine[], { stepsPerSplit, patience, stopBy }: CurveShape): TuneCurve {
  const better = (a: LogLine, b: LogLine) => stopBy === 'auc' ? a.validationAuc! > b.validationAuc! : (a.validationLoss ?? Number.NaN) < (b.validationLoss ?? Number.NaN) // biome-ignore format: one line
  const training = lines.filter(l => l.loss !== undefined)
  const judged = lines.filter(l => l.validationAuc !== undefined)
  let best: LogLine | undefined
  let since = 0
  for (const line of judged)
    if (!best || better(line, best)) {
      best = line
      since = 0
    } else since++
  return {
    split,
    steps: Int32Array.from(training, l => l.step),
    loss: Float64Array.from(training, l => l.loss!),
    validationSteps: Int32Array.from(judged, l => l.step),
    validationLoss: Float64Array.from(judged, l => l.validationLoss ?? Number.NaN),
    validationAuc: Float64Array.from(judged, l => l.validationAuc!),
    bestStep: best?.step ?? null,
    stoppedEarly: since >= patience && (judged.at(-1)?.step ?? 0) < stepsPerSplit,
  }
}
