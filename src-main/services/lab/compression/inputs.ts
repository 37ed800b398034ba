import { formatLocus } from '../../../../src-shared/genome/locus.ts'
import type { WorkContext } from '../../../../src-shared/job.ts'
import { seededRandom } from '../../../../src-shared/random.ts'
import { type WindowGeometry, windowGeometry } from '../../../analyses/predict.ts'
import { fillBatch, tiledWindows } from '../../../analyses/trackBatches.ts'
import type { ModelJson } from '../../../models/folder/modelJson.ts'
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
