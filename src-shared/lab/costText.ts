import type { CostBasis, JobCost } from './plan.ts'

/** An estimated length of time for people: `42 s`, `2 min`, `2.5 h`. */
export const roughDuration = (seconds: number): string =>
  seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 360) / 10} h` // biome-ignore format: one table

/** Bytes of memory for people, in units of 1000. */
export const memoryText = (bytes: number): string => (bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`) // biome-ignore format: one line

/** `2 min, 1.2 GB`; without a comma where no network runs. */
export const estimateText = ({ seconds, peakBytes }: Pick<JobCost, 'seconds' | 'peakBytes'>): string =>
  peakBytes === null ? roughDuration(seconds) : `${roughDuration(seconds)}, ${memoryText(peakBytes)}`

/** Where an estimate comes from, as a sentence. */
export const BASIS_TEXT: Readonly<Record<CostBasis, string>> = {
  calibrated: 'From rates measured on this machine.',
  typical: 'By the rates of a slow two-core machine: not measured on this machine yet (Lab > What fits here).',
  earlier: 'From earlier jobs of this kind on this machine.',
  begun: 'From its own first part.',
}
