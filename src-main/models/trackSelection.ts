import type { ModelJson } from './folder/modelJson.ts'
import type { ModelRegistry } from './registry.ts'

/** A network that computes some of its tracks only. */
export interface TrackSelection {
  readonly architecture: Readonly<Record<string, unknown>>
  /** Rows (axis 0) to take of the weights that are shorter now, by name. */
  readonly rows: ReadonlyMap<string, readonly number[]>
}

/**
 * The same network with heads for the wanted tracks alone: heads nobody asks for are left out, and the last map of the others
 * keeps the rows of its tracks. `wanted`: tracks by head, ascending, each once. Undefined for a kind whose architecture has no
 * `outputs`; all of its tracks are computed then.
 */
export function selectTracks(
  json: Pick<ModelJson, 'kind' | 'architecture'>,
  registry: ModelRegistry,
  wanted: ReadonlyMap<string, readonly number[]>,
): TrackSelection | undefined {
  const outputs = json.architecture['outputs'] as Readonly<Record<string, number>> | undefined
  if (typeof outputs !== 'object' || outputs === null) return undefined
  const { ranks } = json.architecture as { readonly ranks?: Readonly<Record<string, number>> }
  const withOutputs = (o: Readonly<Record<string, number>>) => {
    const { ranks: _, ...dense }: Readonly<Record<string, unknown>> = { ...json.architecture, outputs: o }
    if (!ranks) return dense
    // Factors of a head go with it.
    const there = new Set(registry.configure(json.kind, dense).parameters.map(p => p.name))
    return {
      ...dense,
      ranks: Object.fromEntries(Object.entries(ranks).filter(([name]) => there.has(`${name}.weight`))),
    }
  }
  const shapes = (o: Readonly<Record<string, number>>) =>
    registry.configure(json.kind, withOutputs(o)).parameters.map(p => [p.name, p.shape] as const)
  const rows = new Map<string, readonly number[]>()
  const kept: Record<string, number> = {}
  for (const [head, count] of Object.entries(outputs)) {
    const tracks = wanted.get(head)
    if (!tracks?.length) continue
    kept[head] = tracks.length
    if (tracks.length === count) continue
    // What depends on the number of tracks is what changes with it.
    const whole = new Map(shapes({ [head]: count }))
    for (const [name, shape] of shapes({ [head]: tracks.length }))
      if (shape[0] !== whole.get(name)![0]) rows.set(name, tracks)
  }
  return { architecture: withOutputs(kept), rows }
}

/** Rows of a row-major array whose first axis has `count` rows. */
export function takeRows(values: Float32Array, count: number, rows: readonly number[]): Float32Array {
  const size = values.length / count
  const out = new Float32Array(rows.length * size)
  rows.forEach((row, i) => {
    out.set(values.subarray(row * size, (row + 1) * size), i * size)
  })
  return out
}
