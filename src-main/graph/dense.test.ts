import * as ort from 'onnxruntime-node'
import { describe, it } from 'vitest'
import type { Tensor } from './graph.ts'
import * as ops from './ops.ts'
import { checkOperation } from './testing/check.ts'

type In = Readonly<Record<string, Tensor>>
const ids = (n: number) => ({ shape: [n], dtype: 'int64' as const, draw: (r: () => number) => Math.floor(r() * 4) })

describe('composites of dense networks against plain loops and finite differences', () => {
  it('linear with bias on a batch', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 4] }, w: { shape: [5, 4] }, b: { shape: [5] } },
      build: ({ x, w, b }: In) => ops.linear(x!, w!, b!),
    }))
  it('attention', () =>
    checkOperation(ort, {
      inputs: { q: { shape: [2, 2, 3, 4] }, k: { shape: [2, 2, 5, 4] }, v: { shape: [2, 2, 5, 3] } },
      build: ({ q, k, v }: In) => ops.matmul(ops.softmax(ops.mul(ops.matmul(q!, k!, { transposeB: true }), 0.5)), v!),
    }))
  it('layer norm and gelu', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 4] }, g: { shape: [4] }, b: { shape: [4] } },
      build: ({ x, g, b }: In) => ops.gelu(ops.layerNorm(x!, g!, b!), 'erf'),
    }))
  it('embedding and cross-entropy', () =>
    checkOperation(ort, {
      inputs: { t: { shape: [4, 3] }, ids: ids(6) },
      build: ({ t, ids: i }: In) =>
        ops.takeAlong(ops.logSoftmax(ops.embedding(t!, i!)), ops.where(ops.less(i!, 3), i!, 0)),
    }))
  it('embedding of a large vocabulary', () =>
    checkOperation(ort, {
      inputs: {
        t: { shape: [4100, 1] },
        ids: { shape: [7], dtype: 'int32', draw: (r: () => number) => Math.floor(r() * 4) * 1000 },
      },
      build: ({ t, ids: i }: In) => ops.embedding(t!, i!),
      gradients: false,
    }))
  it('convolution', () =>
    checkOperation(ort, {
      inputs: { x: { shape: [2, 3, 7] }, w: { shape: [4, 3, 3] }, b: { shape: [4] } },
      build: ({ x, w, b }: In) => ops.conv1d(x!, w!, { bias: b! }),
    }))
})
