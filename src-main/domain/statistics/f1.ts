import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'

export interface Confusion {
  readonly trueNegatives: number
  readonly falsePositives: number
  readonly falseNegatives: number
  readonly truePositives: number
}

export interface F1 {
  /** 2TP / (2TP + FP + FN) with label 1 as positive. */
  readonly label1: number
  /** The same with label 0 as positive. */
  readonly label0: number
  /** Plain mean of both. */
  readonly macro: number
  /** Labels that nobody has and nobody predicted: their F1 counts as 0. */
  readonly emptyLabels: readonly (0 | 1)[]
  readonly confusion: Confusion
}

/**
 * F1 of both labels and their mean; a score at or above the threshold predicts label 1.
 * @throws WorkbenchError `bad-input` for lengths that differ or labels other than 0 and 1
 */
export function f1Scores(scores: ArrayLike<number>, labels: ArrayLike<number>, threshold = 0.5): F1 {
  if (scores.length !== labels.length)
    throw new WorkbenchError(
      'bad-input',
      `${scores.length} scores and ${labels.length} labels`,
      'give one label a score',
    )
  const count = { trueNegatives: 0, falsePositives: 0, falseNegatives: 0, truePositives: 0 }
  for (let i = 0; i < scores.length; i++) {
    const label = labels[i]
    if (label !== 0 && label !== 1)
      throw new WorkbenchError('bad-input', `label ${i} is ${label}`, 'labels are 0 and 1')
    if (Number.isNaN(scores[i]!))
      throw new WorkbenchError('bad-input', `score ${i} is NaN`, 'leave out samples without a score')
    if (scores[i]! >= threshold) count[label === 1 ? 'truePositives' : 'falsePositives']++
    else count[label === 1 ? 'falseNegatives' : 'trueNegatives']++
  }
  const wrong = count.falsePositives + count.falseNegatives
  const of = (hits: number) => (hits === 0 ? 0 : (2 * hits) / (2 * hits + wrong))
  const label1 = of(count.truePositives)
  const label0 = of(count.trueNegatives)
  const empty = (hits: number) => hits === 0 && wrong === 0
  return {
    label1,
    label0,
    macro: (label0 + label1) / 2,
    emptyLabels: ([0, 1] as const).filter(label => empty(label === 1 ? count.truePositives : count.trueNegatives)),
    confusion: count,
  }
}
