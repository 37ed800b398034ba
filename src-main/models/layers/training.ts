import type { Tensor } from '../../graph/graph.ts'

/** What differs between a network that is used and one that is trained. Absent: inference. */
export interface TrainingMode {
  /** Drops elements at a rate; given by the caller, which owns the seed. Absent: nothing is dropped. */
  readonly dropout?: (x: Tensor, rate: number) => Tensor
  /** `batch`: batch statistics, and running ones that move. `frozen` (default): stored statistics, untouched. */
  readonly batchNorm?: 'frozen' | 'batch'
}

export const dropped = (training: TrainingMode | undefined, x: Tensor, rate: number): Tensor =>
  training?.dropout && rate > 0 ? training.dropout(x, rate) : x
