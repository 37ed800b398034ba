import { throwIfCancelled, WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../../src-shared/job.ts'
import { float32, type Tensors } from '../../../../src-shared/tensor.ts'
import type { WindowGeometry } from '../../../analyses/predict.ts'
import { fillBatch, type TrackRegion, tiledWindows } from '../../../analyses/trackBatches.ts'
import type { Compute } from '../../../compute/client.ts'
import type { Session } from '../../../compute/engine.ts'
import { TrackPearson } from '../../../domain/statistics/pearson.ts'
import { SEQUENCE } from './trackGraphs.ts'

export interface ScoreRequest {
  readonly session: Session
  /** Weights that the session takes as inputs. */
  readonly weights: Tensors
  readonly output: string
  readonly batch: number
  readonly geometry: WindowGeometry
  readonly tracks: number
  readonly strandPartners: readonly number[]
}

/** Correlations of a network's predictions with the targets of the windows that tile some regions. */
export async function scoreTracks(
  regions: readonly TrackRegion[],
  request: ScoreRequest,
  compute: Compute,
  context: WorkContext,
): Promise<TrackPearson> {
  const { session, batch, geometry, tracks } = request
  const windows = tiledWindows(regions, geometry)
  const sums = new TrackPearson(tracks)
  const state = await compute.createState(request.weights, context.signal)
  try {
    for (let at = 0; at < windows.length; at += batch) {
      throwIfCancelled(context.signal)
      const some = windows.slice(at, at + batch)
      const { sequences, targets } = fillBatch(some, request)
      const inputs = { [SEQUENCE]: float32(sequences, [batch, geometry.windowBp, 4]) }
      const out = await session.run(inputs, { state, outputs: [request.output], signal: context.signal })
      const size = some.length * geometry.bins * tracks
      const predicted = (out[request.output]!.data as Float32Array).subarray(0, size)
      const odd = predicted.findIndex(x => !Number.isFinite(x))
      if (odd >= 0) throw new WorkbenchError('not-finite', `the network predicts ${predicted[odd]}`, 'use a lower learning rate') // biome-ignore format: one thought
      sums.add(predicted, targets.subarray(0, size))
    }
  } finally {
    await state.close()
  }
  return sums
}
