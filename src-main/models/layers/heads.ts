import type { Tensor } from '../../graph/graph.ts'
import { linear, reshape, slice, tanh } from '../../graph/ops.ts'
import { project, projectionSpecs } from './projection.ts'
import { mapWeight, type WeightSpec, type Weights, weight } from './weights.ts'

/** Masked-token head: none, with the token embedding as its matrix (tied), or with a matrix of its own. */
export const TOKEN_HEADS = ['none', 'tied', 'separate'] as const
export type TokenHead = (typeof TOKEN_HEADS)[number]

export const tokenHeadSpecs = (head: TokenHead, vocabulary: number, width: number): readonly WeightSpec[] =>
  head === 'none'
    ? []
    : [...(head === 'separate' ? [mapWeight('mlm.weight', vocabulary, width)] : []), weight('mlm.bias', vocabulary)]

/** Logits of every token of the vocabulary at every position: [..., width] -> [..., vocabulary]. */
export const tokenLogits = (weights: Weights, head: 'tied' | 'separate', hidden: Tensor): Tensor =>
  head === 'separate'
    ? project(weights, 'mlm', hidden)
    : linear(hidden, weights.get('embeddings.token.weight'), weights.get('mlm.bias'))

export interface ClassHead {
  /** 0: no classification. */
  readonly classes: number
  /** tanh(linear(first token)) before the classifier, as BERT has it. */
  readonly pooler: boolean
}

export const classHeadSpecs = (head: ClassHead, width: number): readonly WeightSpec[] => [
  ...(head.pooler ? projectionSpecs('pooler', width, width) : []),
  ...(head.classes > 0 ? projectionSpecs('classifier', width, head.classes) : []),
]

/** Class logits from the first token ([CLS]): [batch, length, width] -> [batch, classes]. */
export function classLogits(weights: Weights, head: ClassHead, hidden: Tensor): Tensor {
  const [batch, , width] = hidden.shape as readonly [number, number, number]
  const first = reshape(slice(hidden, 1, 0, 1), [batch, width])
  return project(weights, 'classifier', head.pooler ? tanh(project(weights, 'pooler', first)) : first)
}
