import { sizeOf } from '../../graph/types.ts'
import { intOf } from './innerTypes.ts'
import type { RuntimeKernel } from './runtimeKernels.ts'

/**
 * Kinds of matrix products and convolutions, each with rates of its own. `packed`: by a weight of the model file, which the runtime lays out
 * when it opens the model; `single`: one product of two computed matrices; `batched`: many at once, as in attention; `pointwise`: a
 * convolution of kernel 1; `stem`: of few channels; `wide`: any other.
 */
export const PRODUCTS = ['packed', 'single', 'batched', 'pointwise', 'stem', 'wide'] as const
export type ProductKind = (typeof PRODUCTS)[number]

/** A product as its cost sees it: the terms of which its time is a sum, each with a rate. */
export interface Product {
  readonly kind: ProductKind
  /** [1, multiply-adds, elements of the left or the gathered operand, of the right, of the result] */
  readonly terms: readonly number[]
}

/** Channels below which a convolution's kernel is mostly gathering. */
const STEM_CHANNELS = 16

export function productOf(kernel: RuntimeKernel): Product | undefined {
  const { op, reads, writes, attributes } = kernel
  const [a, b] = reads
  const y = writes[0]
  if (!a || !b || !y) return undefined
  if (op === 'Conv') return convolution(a.shape, b.shape, y.shape, intOf(attributes['group'], 1))
  if (op !== 'MatMul' && op !== 'Gemm') return undefined
  const n = y.shape.at(-1) ?? 1
  const m = y.shape.at(-2) ?? 1
  const batch = sizeOf(y.shape.slice(0, -2))
  const lone = b.shape.length <= 2 || batch === 1
  // The inner length, whichever way round the operands lie.
  const k = a.elements / (sizeOf(a.shape.slice(0, -2)) * m)
  return matrix(
    b.source === 'kept' ? 'packed' : lone ? 'single' : 'batched',
    lone ? 1 : batch,
    lone ? m * batch : m,
    k,
    n,
  )
}

/** [batch] x ([m, k] x [k, n]) */
export const matrix = (kind: ProductKind, batch: number, m: number, k: number, n: number): Product => ({
  kind,
  terms: [1, batch * m * k * n, batch * m * k, batch * k * n, batch * m * n],
})

/** x [batch, channels, length], weight [out, channels / groups, kernel] */
export function convolution(
  x: readonly number[],
  weight: readonly number[],
  y: readonly number[],
  groups: number,
): Product {
  const [batch = 1, channels = 1] = x
  const [out = 1, inner = 1, kernel = 1] = weight
  const length = y[2] ?? 1
  return {
    kind: channels < STEM_CHANNELS ? 'stem' : kernel === 1 ? 'pointwise' : 'wide',
    terms: [
      1,
      batch * out * length * inner * kernel,
      batch * groups * inner * kernel * length,
      out * inner * kernel,
      batch * out * length,
    ],
  }
}
