import { drawPattern } from '../../models/layers/blockPattern.ts'
import type { ParameterSpec } from '../../models/registry.ts'

/** Attention patterns drawn uniformly, as for a model of one's own, for what is measured or planned: which blocks they name costs nothing, how many does. */
export function drawnStructure(parameters: readonly ParameterSpec[]): ReadonlyMap<string, Int32Array> {
  return new Map(parameters.filter(p => p.structure).map(p => [p.name, drawnPattern(p.shape)]))
}

/** One of them, of shape [layers, heads, rows, random blocks]; the first and the last block have no row. */
export function drawnPattern(shape: readonly number[]): Int32Array {
  const [layers, heads, rows, randomBlocks] = shape as readonly [number, number, number, number]
  return drawPattern({ layers, heads, blocks: rows + 2, randomBlocks }, 'uniform', 7)
}
