import { throwIfCancelled } from '../../../../src-shared/ipc/errors.ts'
import type { Tensors } from '../../../../src-shared/tensor.ts'
import type { Compute } from '../../../compute/client.ts'
import type { Session } from '../../../compute/engine.ts'
import { Graph } from '../../../graph/graph.ts'
import { emitOnnx } from '../../../graph/onnx.ts'
import type { ConfiguredModel } from '../../../models/registry.ts'
import { int32 } from '../../risk/network.ts'
import type { Digits } from './mnist.ts'
import { idsOf, tokensOf } from './tokens.ts'

/** Images a run of the network judges at once. */
export const JUDGED = 50

/** The forward pass with the weights given as state, so that a training's weights can be judged without being written. */
export async function openJudge(
  compute: Compute,
  model: ConfiguredModel,
  options: { readonly batch: number; readonly length: number; readonly threads: number },
  signal?: AbortSignal,
): Promise<Session> {
  const { batch, length, threads } = options
  const outputs = model.buildForward(new Graph(), { batch, length })
  const { bytes } = emitOnnx({ classLogits: outputs['classLogits']! })
  return compute.load({ bytes }, { workload: 'fixed', threads }, signal)
}

/** How many of the first `images` are named right. A last batch is filled up with its first image. */
export async function countRight(
  compute: Compute,
  session: Session,
  weights: Tensors,
  digits: Digits,
  images: number,
  signal: AbortSignal,
): Promise<number> {
  const state = await compute.createState(weights, signal)
  try {
    let right = 0
    for (let at = 0; at < images; at += JUDGED) {
      throwIfCancelled(signal)
      const members = Int32Array.from({ length: JUDGED }, (_, i) => (at + i < images ? at + i : at))
      const ids = int32(idsOf(digits, members), [JUDGED, tokensOf(digits)])
      const out = await session.run({ ids }, { signal, state, outputs: ['classLogits'] })
      const logits = out['classLogits']!.data as Float32Array
      const classes = logits.length / JUDGED
      for (let i = 0; i < JUDGED && at + i < images; i++) {
        const row = logits.subarray(i * classes, (i + 1) * classes)
        if (row.indexOf(row.reduce((a, b) => Math.max(a, b))) === digits.labels[at + i]) right++
      }
    }
    return right
  } finally {
    await state.close()
  }
}
