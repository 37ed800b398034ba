import type { LabPoint, LabResult } from '../result.ts'
import { isBusy, measured, numbersOf } from './measured.ts'

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
  // Grids ask for each of their cells: looked up, not searched.
  const keyOf = (...values: readonly (string | number | undefined)[]) => values.join(' ')
  const known = new Map<string, LabPoint>()
  for (const point of points) {
    const { model, job, tokens, rank } = point.factors
    const key = model === 'transformer' ? keyOf(model, job, tokens) : keyOf(model, job, tokens, rank)
    if (!known.has(key)) known.set(key, point)
  }
  const transformer = (job: Job, tokens: number) => known.get(keyOf('transformer', job, tokens))
  const of = (model: Form, job: Job, tokens: number, rank: number) => known.get(keyOf(model, job, tokens, rank))
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
