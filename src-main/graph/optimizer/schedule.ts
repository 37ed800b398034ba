import { attributeError } from '../graphErrors.ts'

/** How the learning rate moves with the step (0 is the first). Steps are updates, not batches. */
export type Schedule =
  | { readonly kind: 'constant'; readonly rate: number; readonly warmupSteps?: number }
  /** rate · factor^floor(step / every) */
  | {
      readonly kind: 'step'
      readonly rate: number
      readonly factor: number
      readonly every: number
      readonly warmupSteps?: number
    }
  /** rate · factor^step */
  | { readonly kind: 'exponential'; readonly rate: number; readonly factor: number; readonly warmupSteps?: number }
  /** Falls from rate to `end` at `totalSteps`, along a half cosine or a line. */
  | {
      readonly kind: 'cosine' | 'linear'
      readonly rate: number
      readonly totalSteps: number
      readonly end?: number
      readonly warmupSteps?: number
    }

/** Learning rate of a step: a linear warm-up from rate / warmupSteps, then the schedule counted from its end. */
export function learningRate(schedule: Schedule, step: number): number {
  const warmup = schedule.warmupSteps ?? 0
  if (!(schedule.rate >= 0) || !(step >= 0) || !(warmup >= 0))
    throw attributeError(
      'learningRate',
      'rate, step and warm-up',
      'numbers from 0',
      `${schedule.rate}, ${step}, ${warmup}`,
    )
  if (step < warmup) return (schedule.rate * (step + 1)) / warmup
  const after = step - warmup
  switch (schedule.kind) {
    case 'constant':
      return schedule.rate
    case 'step':
      return schedule.rate * schedule.factor ** Math.floor(after / schedule.every)
    case 'exponential':
      return schedule.rate * schedule.factor ** after
    case 'cosine':
    case 'linear': {
      const end = schedule.end ?? 0
      const span = schedule.totalSteps - warmup
      if (!(span > 0))
        throw attributeError('learningRate', 'totalSteps', `above the warm-up of ${warmup}`, schedule.totalSteps)
      const progress = Math.min(1, after / span)
      const share = schedule.kind === 'linear' ? 1 - progress : 0.5 * (1 + Math.cos(Math.PI * progress))
      return end + (schedule.rate - end) * share
    }
  }
}
