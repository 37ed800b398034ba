import type { LabPoint, LabResult } from '../result.ts'
import { having, isBusy, measured, numbersOf } from './measured.ts'

export type LowRankMeasure = 'seconds' | 'peakBytes'
export const FORMS = [
  { model: 'lrt', name: 'LRT', letter: 'r' },
  { model: 'linformer', name: 'Linformer', letter: 'k' },
] as const
export type Form = (typeof FORMS)[number]['model']
export const JOBS = ['training', 'inference'] as const
export type Job = (typeof JOBS)[number]

/** The models of a result by length, rank and job. */
export interface LowRankPoints {
  readonly lengths: readonly number[]
  readonly ranks: readonly number[]
  transformer(job: Job, tokens: number): LabPoint | undefined
  of(model: Form, job: Job, tokens: number, rank: number): LabPoint | undefined
  /** Transformer / model: above 1 the model is faster, or smaller. Undefined where either is not measured. */
  gain(measure: LowRankMeasure, model: Form, job: Job, tokens: number, rank: number): number | undefined
  /** Whether others used the machine while one of the two was measured, which lengthens times and takes no memory. */
  disturbed(measure: LowRankMeasure, ...of: readonly (LabPoint | undefined)[]): boolean
}

export function lowRankPoints({ points }: LabResult): LowRankPoints {
  const transformer = (job: Job, tokens: number) => having(points, { model: 'transformer', job, tokens })[0]
  const of = (model: Form, job: Job, tokens: number, rank: number) => having(points, { model, job, tokens, rank })[0]
  return {
    lengths: numbersOf(points, 'tokens'),
    ranks: numbersOf(points, 'rank'),
    transformer,
    of,
    gain(measure, model, job, tokens, rank) {
      const [full, own] = [measured(transformer(job, tokens), measure), measured(of(model, job, tokens, rank), measure)]
      return full && own ? full.median / own.median : undefined
    },
    disturbed: (measure, ...of) => measure === 'seconds' && of.some(p => p !== undefined && isBusy(p)),
  }
}
