import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { StateHandle } from '../../compute/engine.ts'
import type { Tensor } from '../../graph/graph.ts'
import { nameOf } from '../../graph/incremental/analysis.ts'
import type { AxisSpan, LocalPlan } from '../../graph/incremental/local.ts'
import { copySpan } from '../../graph/incremental/slices.ts'
import type { TableSpan } from '../../graph/incremental/windowFeeds.ts'

/** Rows of reference activations around a region, in the compute process. */
export interface Tables {
  readonly spans: ReadonlyMap<Tensor, TableSpan>
  readonly state: StateHandle
  readonly bytes: number
}

/** Reference activations of the window at hand. */
export interface ReferenceCache {
  readonly sequence: Float32Array
  readonly region: { readonly start: number; readonly end: number }
  /** What a change anywhere in the region reaches. */
  readonly plan: LocalPlan
  readonly held: ReadonlyMap<Tensor, { readonly span: AxisSpan; readonly data: Float32Array }>
  /** Where local layers are recomputed in windows. */
  readonly tables: Tables | undefined
  /** Heads, [asked bins, tracks]. */
  readonly heads: ReadonlyMap<string, Float32Array>
}

/** A recomputed part: values of `held`, of which `span` lies in the sequence. */
export interface Part {
  readonly data: Float32Array
  readonly held: AxisSpan
  readonly span: AxisSpan
}
export type Parts = ReadonlyMap<Tensor, Part>

export function heldOf(
  cache: ReferenceCache,
  tensor: Tensor,
): { readonly span: AxisSpan; readonly data: Float32Array } {
  // biome-ignore format: one line
  const held = cache.held.get(tensor)
  if (!held) throw new WorkbenchError('internal', `${nameOf(tensor)} of the reference was not kept`, 'please report this') // biome-ignore format: one line
  return held
}

/** Puts a recomputed part into an array that holds `into` of its axis; what lies outside is left out, it did not change. */
export function putPart(part: Part | undefined, data: Float32Array, into: AxisSpan, tensor: Tensor): void {
  if (!part) return
  const span = { start: Math.max(part.span.start, into.start), end: Math.min(part.span.end, into.end) }
  if (span.start < span.end) copySpan(part.data, part.held, data, into, span, tensor.shape)
}

/** Part of a reference tensor that the cache holds. */
export function cutPart(cache: ReferenceCache, tensor: Tensor, span: AxisSpan | undefined, into: Float32Array): void {
  const { data, span: has } = heldOf(cache, tensor)
  if (!span) into.set(data)
  else copySpan(data, has, into, span, span, tensor.shape)
}
