import { constants, copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SIMULATED_LABEL } from '../../../src-shared/genome/risk.ts'
import { asWorkbenchError, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { SAME_SEQUENCE } from '../../domain/cohort/modelReading.ts'
import { CARD_FILE, MODEL_FILE, type ModelJson } from '../../models/folder/modelJson.ts'
import { makeFolders } from '../../storage/folders.ts'
import { readModelJson } from '../models/modelFolder.ts'
import type { RiskPeople } from './people.ts'
import type { ClassifyRecipe } from './recipe.ts'
import { geneOf, PEOPLE_FILE, peopleListOf, type ReadAs, readTrainedPeople, startedFromText } from './trainedPeople.ts'

/** In the folder of a training that the window began: the model that it begins with, as it was then. */
export const START_FOLDER = 'start'

/** What a model must say of the weights that it began with. */
export interface StartFacts {
  readonly id: string
  readonly sha256: string
  readonly limit: string
  /** What its list of people says after its own; empty when the start saw no labels. */
  readonly people: string
}

/** People of a new training who may have trained what it begins with. */
interface Near {
  /** Under another name, with the same letters all over the region. */
  readonly alike: number
  /** Under the same name, with other letters. */
  readonly named: number
}

/**
 * What is known of the weights that a training begins with. Refuses those that would spoil what follows: of another sequence, or of a model,
 * or one that this one began with, that some of these people trained, whose test people would then have been seen.
 * @throws WorkbenchError `bad-input`
 */
export async function checkStart(
  folder: string,
  recipe: Pick<ClassifyRecipe, 'flankBp' | 'caller'>,
  people: RiskPeople,
): Promise<StartFacts> {
  const json = await readModelJson(folder)
  if (json.input.type === 'alleles') throw new WorkbenchError('bad-input', `'${json.id}' is a logistic model of two SNPs: it has no network whose weights could be gone on with`, 'start fresh, or from a risk model of tokens or a masked-token model') // biome-ignore format: one line
  await checkSequence(folder, people, recipe.flankBp)
  const { id, risk } = json
  if (!risk) return { ...factsOf(json, ''), people: '' }
  const own: ReadAs = { flankBp: risk.flankBp, caller: risk.caller.caller }
  const trained = await readTrainedPeople(folder, own)
  let [alike, named] = [0, 0]
  const seen = people.names.filter((name, i) => {
    const found = trained?.find(name, people.texts[i]!, recipe)
    const fitted = found !== null && found !== undefined && found.part !== 'test'
    if (fitted && found.sameName) return true
    if (fitted) alike++
    else if (!found?.sameName && trained?.fittedName(name)) {
      named++
      // Simulated people are numbered alike in every cohort; a name of anybody else is somebody's.
      return !people.simulated
    }
    return false
  })
  if (seen.length > 0) {
    const byName = people.simulated ? 0 : named
    const how = byName > 0 ? ` (${byName} of them by name alone: their letters are others)` : ''
    throw new WorkbenchError('bad-input', `${seen.length} of these people trained '${id}'${how} (the first: '${seen[0]}'): the test people of a new split would have been seen`, byName > 0 ? 'start fresh, or from a model of other people; give people who are others other names' : 'start fresh, or from a model of other people') // biome-ignore format: one line
  }
  const unknown = !trained ? ' Who trained those is not recorded in their folder: whether any of these people did cannot be told.' : trained.unknown.length > 0 ? ` Those began with the weights of '${trained.unknown.join("', '")}', and who trained them is not recorded: whether any of these people did cannot be told.` : '' // biome-ignore format: one line
  return {
    ...factsOf(json, `${unknown}${nearText({ alike, named })}`),
    people: startedFromText(id, await peopleListOf(folder), own),
  }
}

const nearText = ({ alike, named }: Near) =>
  `${alike > 0 ? ` ${alike} of these people have all the letters of somebody who trained those, under another name.` : ''}${named > 0 ? ` ${named} of these people have the name of somebody who trained those, with other letters; simulated people are numbered alike in every cohort.` : ''}` // biome-ignore format: one line

function factsOf({ id, name, risk, weights }: ModelJson, more: string) {
  const simulated = risk?.trainedOnSimulated ? ` (${SIMULATED_LABEL})` : ''
  return {
    id,
    sha256: weights.sha256,
    limit: `Its training began with the weights of ${name.includes(SIMULATED_LABEL) ? name : `${name}${simulated}`}.${more}`, // biome-ignore format: one line
  }
}

/** @throws WorkbenchError `bad-input` when a risk model's letters are not those of the reference */
export async function checkSequence(
  folder: string,
  { reference, referenceNote }: Pick<RiskPeople, 'reference' | 'referenceNote'>,
  flankBp: number,
): Promise<void> {
  const { id, risk } = await readModelJson(folder)
  if (!risk) return
  const refuse = (what: string, its: string, given: string) => {
    const same = [...its].filter((letter, i) => letter === given[i]).length / its.length
    if (same < SAME_SEQUENCE) throw new WorkbenchError('bad-input', `'${id}' was trained on another sequence: ${(100 * same).toFixed(1)} % of the ${what}'s letters are those of the reference (${referenceNote})`, 'start fresh, or from a model of this sequence') // biome-ignore format: one line
  }
  refuse('gene', geneOf(risk.reference, risk.flankBp), geneOf(reference, flankBp))
  if (risk.flankBp === flankBp) refuse('region', risk.reference, reference)
}

/**
 * Copies what a training needs of the model that it begins with, so that it can go on when that is moved, removed or replaced.
 * @throws WorkbenchError what reading and writing throw
 */
export async function copyStart(folder: string, to: string): Promise<void> {
  const { weights, tokenizer } = await readModelJson(folder)
  const copy = (name: string) => copyFile(join(folder, name), join(to, name), constants.COPYFILE_FICLONE)
  try {
    await makeFolders(to, 0o700)
    for (const name of [weights.file, ...(tokenizer ? [tokenizer.file] : []), MODEL_FILE]) await copy(name)
    for (const name of [CARD_FILE, PEOPLE_FILE])
      await copy(name).catch(error => {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      })
  } catch (error) {
    throw asWorkbenchError(error)
  }
}
