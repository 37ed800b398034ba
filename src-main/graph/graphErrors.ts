import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { showType, type TensorType } from './types.ts'

/** An operation was given tensors that it cannot take: names the operation, what it expects and what it got. */
export function shapeError(operation: string, expected: string, got: readonly TensorType[]): WorkbenchError {
  return new WorkbenchError(
    'bad-model',
    `${operation}: expected ${expected}, got ${got.map(showType).join(' and ') || 'nothing'}`,
    'check the shapes in the model definition',
    { operation },
  )
}

/** An attribute (axis, size, rate) is out of its range. */
export function attributeError(operation: string, attribute: string, expected: string, got: unknown): WorkbenchError {
  return new WorkbenchError(
    'bad-model',
    `${operation}: ${attribute} must be ${expected}, got ${String(got)}`,
    'check the model definition',
    { operation },
  )
}

/** Axis counted from the end when negative; refuses one that the rank does not have. */
export function normalAxis(operation: string, axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis
  if (!Number.isInteger(axis) || normal < 0 || normal >= rank)
    throw attributeError(operation, 'axis', `in ${-rank}..${rank - 1}`, axis)
  return normal
}
