import { SIMULATED_LABEL } from '../../../src-shared/genome/risk.ts'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { readModelJson } from '../models/modelFolder.ts'
import type { RiskPeople } from './people.ts'
import type { ClassifyRecipe } from './recipe.ts'
import { geneOf, readTrainedPeople } from './trainedPeople.ts'

/** Below this share of equal letters a model's pieces and weights say nothing of the sequence. */
const SAME_SEQUENCE = 0.9

/**
 * Refuses weights that would spoil what follows: of another sequence, or of a model that some of these people trained, whose test people would
 * then have been seen.
 * @throws WorkbenchError `bad-input`
 */
export async function checkStart(
  folder: string,
  recipe: Pick<ClassifyRecipe, 'flankBp' | 'caller'>,
  people: RiskPeople,
): Promise<void> {
  await checkSequence(folder, people, recipe.flankBp)
  const { id, risk } = await readModelJson(folder)
  const trained = await readTrainedPeople(folder)
  if (!trained) return
  const alike = risk?.flankBp === recipe.flankBp && risk.caller.caller === recipe.caller
  const seen = people.names.filter((name, i) => {
    const text = people.texts[i]!
    const found = alike ? trained.find(name, text) : null
    const part = alike ? (found?.sameName ? found.part : null) : trained.findGene(name, geneOf(text, recipe.flankBp))
    return part === 'training' || part === 'validation'
  })
  if (seen.length > 0) throw new WorkbenchError('bad-input', `${seen.length} of these people trained '${id}' (the first: '${seen[0]}'): the test people of a new split would have been seen`, 'start fresh, or from a model of other people') // biome-ignore format: one line
}

/** @throws WorkbenchError `bad-input` when a risk model's letters are not those of the reference */
export async function checkSequence(
  folder: string,
  { reference, referenceNote }: Pick<RiskPeople, 'reference' | 'referenceNote'>,
  flankBp: number,
): Promise<void> {
  const { id, risk } = await readModelJson(folder)
  if (!risk) return
  const gene = geneOf(risk.reference, risk.flankBp)
  const own = geneOf(reference, flankBp)
  const same = [...gene].filter((letter, i) => letter === own[i]).length / gene.length
  if (same < SAME_SEQUENCE) throw new WorkbenchError('bad-input', `'${id}' was trained on another sequence: ${(100 * same).toFixed(1)} % of the gene's letters are those of the reference (${referenceNote})`, 'start fresh, or from a model of this sequence') // biome-ignore format: one line
}

/** What a model must say of the weights that it began with. */
export async function startFacts(folder: string) {
  const { id, name, risk, weights } = await readModelJson(folder)
  const simulated = risk?.trainedOnSimulated ? ` (${SIMULATED_LABEL})` : ''
  const unknown = risk && !(await readTrainedPeople(folder)) ? ' Who trained those is not recorded in their folder: whether any of these people did cannot be told.' : '' // biome-ignore format: one line
  return {
    id,
    sha256: weights.sha256,
    limit: `Its training began with the weights of ${name.includes(SIMULATED_LABEL) ? name : `${name}${simulated}`}.${unknown}`, // biome-ignore format: one line
  }
}
