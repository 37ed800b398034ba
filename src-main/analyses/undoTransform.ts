import type { ModelTrack } from '../models/folder/modelJson.ts'

/**
 * The training program's order of steps changed and the values cannot tell which made them:
 * - current: scale; pool; `sum_sqrt` and `mean_sqrt` are √(1 + x) - 1; above c, c - 1 + √(x - c + 1)
 * - paper: pool; `sum_sqrt` is x^0.75; above c, c + √(x - c); scale
 */
export type TransformOrder = 'current' | 'paper'

/**
 * Back from the units of a track's training targets to pooled coverage. Hard clipping cannot be undone: values at the clip are a
 * lower bound. A track without a transform is unchanged.
 */
export function undoTransform(track: ModelTrack, order: TransformOrder): (value: number) => number {
  const number = (field: string) => {
    const value = track.transform?.[field]
    return typeof value === 'number' && Number.isFinite(value) ? value : undefined
  }
  const scale = number('scale') ?? 1
  const soft = number('clipSoft')
  const root = track.transform?.['sum_stat'] === 'sum_sqrt' || track.transform?.['sum_stat'] === 'mean_sqrt'
  if (order === 'current')
    return value => {
      const unclipped = soft !== undefined && value > soft ? (value - soft + 1) ** 2 + soft - 1 : value
      return (root ? (unclipped + 1) ** 2 - 1 : unclipped) / scale
    }
  return value => {
    const scaled = value / scale
    const unclipped = soft !== undefined && scaled > soft ? (scaled - soft) ** 2 + soft : scaled
    return root ? Math.max(0, unclipped) ** (4 / 3) : unclipped
  }
}
