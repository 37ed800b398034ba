import { basename } from 'node:path'
import { formatLocus } from '../../../../src-shared/genome/locus.ts'
import { throwIfCancelled } from '../../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../../src-shared/job.ts'
import { seededRandom } from '../../../../src-shared/random.ts'
import { oneHot } from '../../../analyses/oneHot.ts'
import { type WindowGeometry, windowGeometry } from '../../../analyses/predict.ts'
import { fillBatch, tiledWindows } from '../../../analyses/trackBatches.ts'
import type { ModelJson } from '../../../models/folder/modelJson.ts'
import type { Reference } from '../../../readers/reference.ts'
import { parseEvaluationRecipe } from '../../evaluate/evaluateRecipe.ts'
import type { RecipeFile } from '../../training/recipe.ts'
import { loadTrackData } from '../../training/tracks/trackData.ts'
import { randomBases } from '../randomBases.ts'

/** Windows of DNA, one-hot [window, 4] each, on which a model before and after is compared. */
export interface Windows {
  /** Which, for people. */
  readonly on: string
  readonly sequences: readonly Float32Array[]
}

/** Ids that are neither special (the first five) nor beyond the vocabulary. */
export function randomIds(count: number, vocabulary: number, seed: number): Int32Array {
  const random = seededRandom(seed)
  const first = Math.min(5, vocabulary - 1)
  return Int32Array.from({ length: count }, () => first + Math.floor((vocabulary - first) * random()))
}

export const vocabularyOf = (json: ModelJson, input: string): number =>
  Number(json.architecture[input === 'targetIds' ? 'targetVocabulary' : 'vocabulary'])

/** Windows of random bases: what a model was trained on looks different, which the text says. */
export function randomWindows(json: ModelJson, count: number, seed: number): Windows {
  const { windowBp } = windowGeometry(json)
  return {
    on: `${count} windows of random bases (seed ${seed}), which are no genome`,
    sequences: Array.from({ length: count }, (_, i) => randomBases(windowBp, seed + i)),
  }
}

/** Positions that are tried for each window: an assembly may be unknown for a third of a chromosome. */
const TRIES = 40

/**
 * Windows of a genome at seeded positions, each contig as likely as it is long, without an unknown base; fewer than `count` where so many
 * are not found, undefined where none is.
 */
export async function genomeWindows(
  json: ModelJson,
  reference: Pick<Reference, 'path' | 'contigs' | 'sequence'>,
  count: number,
  seed: number,
  { signal }: WorkContext,
): Promise<Windows | undefined> {
  const { windowBp } = windowGeometry(json)
  const contigs = reference.contigs.filter(c => c.length >= windowBp)
  const places = contigs.reduce((sum, c) => sum + c.length - windowBp + 1, 0)
  const random = seededRandom(seed)
  const found = new Map<string, Float32Array>()
  for (let i = 0; i < TRIES * count && found.size < count && places > 0; i++) {
    throwIfCancelled(signal)
    let at = Math.floor(random() * places)
    const contig = contigs.find(c => {
      const here = c.length - windowBp + 1
      if (at < here) return true
      at -= here
      return false
    })!
    const locus = formatLocus({ contig: contig.name, start: at, end: at + windowBp })
    if (found.has(locus)) continue
    const bases = await reference.sequence(contig.name, at, at + windowBp, { upperCase: true, signal })
    if (!/^[ACGT]*$/.test(bases)) continue
    const sequence = new Float32Array(4 * windowBp)
    oneHot(bases, 'zeros', sequence)
    found.set(locus, sequence)
  }
  const loci = [...found.keys()]
  if (loci.length === 0) return undefined
  const some = `${loci.slice(0, 3).join(', ')}${loci.length > 3 ? ', …' : ''}`
  return {
    on: `${loci.length} ${loci.length === 1 ? 'window' : 'windows'} of ${basename(reference.path)} without unknown bases, at positions drawn with seed ${seed} (${some}); the model may have been trained on some`,
    sequences: [...found.values()],
  }
}

/** At most `count` windows of the regions that a recipe judges, spread evenly over them. */
export async function recipeWindows(
  json: ModelJson,
  file: RecipeFile,
  count: number,
  context: WorkContext,
): Promise<Windows> {
  const geometry: WindowGeometry = windowGeometry(json)
  const recipe = parseEvaluationRecipe(file)
  const data = await loadTrackData(recipe.data, geometry, [recipe.split], 0, context)
  const all = tiledWindows(data.splits[recipe.split] ?? [], geometry)
  const step = Math.max(1, all.length / count)
  const chosen = Array.from({ length: Math.min(count, all.length) }, (_, i) => all[Math.floor(i * step)]!)
  const unknown = json.input.type === 'dna' ? json.input.unknown : 'zeros'
  const plan = { geometry, unknown, tracks: recipe.data.tracks.length, strandPartners: data.strandPartners, batch: 1 }
  const [first, last] = [chosen[0]!, chosen.at(-1)!]
  const locus = ({ region, bin }: (typeof all)[number]) =>
    formatLocus({
      contig: region.contig,
      start: region.start + bin * geometry.binBp,
      end: region.start + (bin + geometry.bins) * geometry.binBp,
    })
  return {
    on: `${chosen.length} of the ${all.length} test windows of "${recipe.name}", from ${locus(first)} to ${locus(last)}`,
    sequences: chosen.map(window => fillBatch([window], plan).sequences),
  }
}
