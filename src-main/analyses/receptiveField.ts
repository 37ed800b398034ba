import type { ReceptiveField } from '../../src-shared/genome/scan.ts'
import { hashOf, seededRandom } from '../../src-shared/random.ts'
import { Graph } from '../graph/graph.ts'
import { reachedSpans } from '../graph/locality.ts'
import type { ModelJson } from '../models/folder/modelJson.ts'
import { layerReach, storedPatterns } from '../models/layers/blockPattern.ts'
import type { ConfiguredModel } from '../models/registry.ts'
import { runSEnformer, sEnformerDefinition, sEnformerPattern } from '../models/sEnformer.ts'
import type { WindowGeometry } from './predict.ts'

export type FieldProtocol = ReceptiveField['protocol']

/** Positions spread over the window, both ends included, cut to whole ones: 0, 24575, 49151 … of 196,608 bp (S-Enformer, Figure 8). */
export const fieldPositions = (windowBp: number, count = 9): readonly number[] =>
  Array.from({ length: count }, (_, i) => Math.floor((i * (windowBp - 1)) / (count - 1)))

/** One run of the protocol: a sequence, and the mutations made of it. `base` counts on from the base that is there, 1 to 3. */
export interface FieldSequence {
  /** Seed of its bases. */
  readonly seed: number
  readonly mutations: readonly { readonly index: number; readonly position: number; readonly shift: number }[]
}

/**
 * What is run:
 * - default: `count` sequences, each mutated at every position, the alternative uniform over the three others
 * - seed: for each position `count` fresh sequences, the base moved on by 1 or 2 (never 3), as the published code draws it
 */
export function fieldSequences(
  protocol: FieldProtocol,
  positions: readonly number[],
  count: number,
  seed: number,
): readonly FieldSequence[] {
  // biome-ignore format: one line
  const drawn = (n: number, index: number) => Math.floor(seededRandom(hashOf(seed, n, index, 1))() * (protocol === 'seed' ? 2 : 3)) + 1 // biome-ignore format: one line
  if (protocol === 'default')
    return Array.from({ length: count }, (_, n) => ({
      seed: hashOf(seed, n),
      mutations: positions.map((position, index) => ({ index, position, shift: drawn(n, index) })),
    }))
  return positions.flatMap((position, index) =>
    Array.from({ length: count }, (_, n) => ({
      seed: hashOf(seed, n, index),
      mutations: [{ index, position, shift: drawn(n, index) }],
    })),
  )
}

/** Forward passes of a protocol: each sequence as it is, each of its mutants, and the control. */
export const fieldPasses = (sequences: readonly FieldSequence[]): number =>
  sequences.reduce((sum, s) => sum + s.mutations.length + 2, 0)

/** Uniform random bases. */
export function randomSequence(length: number, seed: number): string {
  const random = seededRandom(seed)
  return Array.from({ length }, () => 'ACGT'[Math.floor(4 * random())]).join('')
}

/** Mean |alt - ref| over columns, a value a bin, added to sums. Predictions are [bins, columns]. */
export function addChange(into: Float64Array, reference: Float32Array, alternative: Float32Array): void {
  const width = reference.length / into.length
  for (let b = 0; b < into.length; b++) {
    let sum = 0
    for (let i = b * width; i < (b + 1) * width; i++) sum += Math.abs(alternative[i]! - reference[i]!)
    into[b]! += sum / width
  }
}

export function medianOf(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort()
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}

/** Rounding alone moves a value by so much of itself, in float32. */
const FLOAT_STEP = 6e-8
/** A bin counts as reached when its effect is so many times the largest of the control. */
const ABOVE_CONTROL = 10

/** Which bins are reached: above the control and above what rounding may do. `typical`: the median |prediction|. */
export function reachedBins(effect: Float32Array, controlMaximum: number, typical: number): Uint8Array {
  const least = Math.max(ABOVE_CONTROL * controlMaximum, FLOAT_STEP * typical)
  return Uint8Array.from(effect, v => (v > least ? 1 : 0))
}

/**
 * Where the structure of a network lets a change arrive, [positions, kept bins] of 0 and 1, whatever its weights: from each operation's
 * own declaration of how far it looks; for block-sparse attention from the stored pattern, layer after layer. All 1 where the structure
 * is not known (an imported ONNX graph). `structure`: the weights that shape the graph.
 */
export function structuralReach(
  json: Pick<ModelJson, 'kind' | 'architecture'>,
  network: ConfiguredModel | undefined,
  structure: ReadonlyMap<string, ArrayLike<number>>,
  { windowBp, bins, cropBins, binBp }: WindowGeometry,
  positions: readonly number[],
): Uint8Array {
  const out = new Uint8Array(positions.length * bins)
  if (!network) return out.fill(1)
  const sparse = json.kind === 's-enformer' ? sEnformerDefinition.parseConfig(json.architecture) : undefined
  const graph = new Graph()
  if (sparse && sparse.layers > 0) {
    const sequence = graph.input('sequence', [1, windowBp, 4])
    const { tower } = runSEnformer(graph, sparse, sequence, { structure })
    const shape = sEnformerPattern(sparse)
    const layers = storedPatterns(structure, shape).map(random => layerReach(random, shape.blocks))
    for (const [p, position] of positions.entries()) {
      const tokens = reachedSpans([tower], sequence, { axis: 1, start: position, end: position + 1 }).get(tower)
      if (!tokens) continue
      let reached = Array.from({ length: shape.blocks }, (_, block) => tokens.start < (block + 1) * sparse.block && tokens.end > block * sparse.block) // biome-ignore format: one line
      for (const sees of layers) reached = reached.map((own, query) => own || sees[query]!.some((seen, key) => seen && reached[key]!)) // biome-ignore format: one line
      for (let b = 0; b < bins; b++) out[p * bins + b] = reached[Math.floor((b + cropBins) / sparse.block)] ? 1 : 0
    }
    return out
  }
  const outputs = Object.values(network.buildForward(graph, { batch: 1, structure }))
  const sequence = graph.leaves('input').find(t => t.node.leaf?.name === 'sequence')
  if (!sequence || binBp <= 0) return out.fill(1)
  for (const [p, position] of positions.entries()) {
    const spans = reachedSpans(outputs, sequence, { axis: 1, start: position, end: position + 1 })
    for (const output of outputs) {
      const span = spans.get(output)
      if (!span) continue
      const [from, to] = span.axis === 1 ? [span.start, span.end] : [0, bins]
      out.fill(1, p * bins + from, p * bins + to)
    }
  }
  return out
}
