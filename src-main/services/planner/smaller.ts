import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { ModelWork } from './modelGraph.ts'

const n = (x: number) => x.toLocaleString('en-US')
/** Windows that are tried between the largest half that fits and the one above it. */
const STEPS = 4

/**
 * The largest setting that fits, as a sentence: the same with a smaller batch, in tiles, with block-sparse attention, or over a shorter
 * window; null where nothing does. Each is judged as a whole by `fits`, so that what is said was really estimated.
 */
export function largestThatFits(request: ModelWork, fits: (work: ModelWork) => boolean): string | null {
  const holds = (work: ModelWork): boolean => {
    try {
      return fits(work)
    } catch (error) {
      // A setting that this model cannot have is not one that fits.
      if (error instanceof WorkbenchError && error.code !== 'cancelled') return false
      throw error
    }
  }
  const { batch = 1 } = request
  const smaller = largest(batch - 1, 1, b => holds({ ...request, batch: b }))
  if (smaller !== undefined) return `batch ${smaller}`
  const one = { ...request, batch: 1 }
  const also = batch > 1 ? ' with batch 1' : ''
  if (request.work === 'inference' && !request.tiled && holds({ ...one, tiled: true }))
    return `tiles, one after the other${also}`
  const sparse = sparseSibling(one)
  if (sparse && holds(sparse)) return `block-sparse attention (s-enformer) over the same window${also}`
  const length = shorter(one, l => holds({ ...one, length: l }))
  if (length === undefined) return null
  return request.json.input.type === 'dna' ? `a window of ${n(length)} bp${also}` : `${n(length)} tokens${also}`
}

/** The largest whole number from `least` to `most` for which it holds, if it holds for all below that one. */
function largest(most: number, least: number, holds: (value: number) => boolean): number | undefined {
  if (most < least || !holds(least)) return undefined
  let [low, high] = [least, most + 1]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (holds(middle)) low = middle
    else high = middle
  }
  return low
}

/** Enformer and its sparse sibling share everything but the attention. */
function sparseSibling(request: ModelWork): ModelWork | undefined {
  const { json } = request
  if (json.kind !== 'enformer') return undefined
  return { ...request, json: { ...json, kind: 's-enformer', architecture: { ...json.architecture, block: 64, randomBlocks: 3 } } } // biome-ignore format: one thought
}

/** Halves first, then steps between the half that fits and the one above. */
function shorter({ json, length }: ModelWork, holds: (length: number) => boolean): number | undefined {
  const { input, output } = json
  if (input.type === 'alleles') return undefined
  const own = input.type === 'dna' ? input.length : input.maxTokens
  // Windows are tried in steps that keep the bins whole.
  const step = input.type === 'dna' ? Math.max(output.binSize ?? 1, input.lengthMultiple) : 1
  const whole = (value: number) => Math.floor(value / step) * step
  const asked = length ?? own
  for (let half = whole(asked / 2); half >= step; half = whole(half / 2)) {
    if (!holds(half)) continue
    for (let i = STEPS - 1; i > 0; i--) {
      const between = whole(half + (half * i) / STEPS)
      if (between > half && between < asked && holds(between)) return between
    }
    return half
  }
  return undefined
}
