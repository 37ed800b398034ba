import { COHORT_DEFAULTS, type CohortSpec } from '../../domain/cohort/cohort.ts'
import type { Schedule } from '../../graph/optimizer/schedule.ts'
import type { ConfigFields } from '../../models/layers/configFields.ts'
import { type RecipeFile, readingRecipe } from '../training/recipe.ts'

/** Where a recipe's people come from. */
export type PeopleSource =
  | { readonly kind: 'simulate'; readonly spec: CohortSpec; readonly reference: string; readonly haplotypes: string | undefined } // biome-ignore format: one line
  /** A sample sheet of alignment files with labels. */
  | { readonly kind: 'samples'; readonly sheet: string; readonly reference: string; readonly simulated: boolean; readonly depth: string } // biome-ignore format: one line

export interface ClassifyRecipe {
  readonly id: string
  readonly name: string
  readonly licence: string
  readonly limits: readonly string[]
  /** Fixes the date in provenance, so that the same recipe gives the same model.json. */
  readonly created: string | undefined
  readonly people: PeopleSource
  /** Bases of the region on each side of the gene. */
  readonly flankBp: number
  readonly caller: 'robust' | 'top2'
  readonly uncovered: 'N' | 'reference'
  /** Share of training people that must have a character at a site before the model reads it; 0: the whole diplotype is read. */
  readonly panelShare: number
  /** Sites of the training people, or those of the model that is begun with. */
  readonly panelFrom: 'people' | 'start'
  readonly tokenizer: { readonly file: string } | { readonly vocabulary: number; readonly maxPieceLength: number; readonly people: number } // biome-ignore format: one line
  readonly kind: string
  /** Of the network, but for what the data decide: vocabulary, longest sequence, padding, classes. */
  readonly architecture: Readonly<Record<string, unknown>>
  /** A pre-trained folder whose weights and tokenizer are taken over. */
  readonly start: string | undefined
  readonly training: {
    readonly seed: number
    readonly batch: number
    readonly epochs: number
    /** Epochs without better validation people before the training ends. */
    readonly patience: number
    /** What of the validation people chooses the weights: their AUC, or their loss, which moves less where they are few. */
    readonly stopBy: 'auc' | 'loss'
    readonly splits: number
    readonly schedule: Schedule
    readonly weightDecay: number
    readonly clipNorm: number
  }
}

/** @throws WorkbenchError `bad-input` that names the field of the recipe and its value */
export function parseClassifyRecipe(file: RecipeFile): ClassifyRecipe {
  return readingRecipe(file, fields => {
    for (const known of ['format', 'formatVersion', 'task', 'note']) fields.raw(known)
    const model = fields.inner('model')
    const training = fields.inner('training')
    const recipe: ClassifyRecipe = {
      ...headOf(fields),
      people: peopleOf(fields.inner('people'), file),
      flankBp: fields.count('flankBp', { least: 0 }),
      caller: fields.choice('caller', ['robust', 'top2'], 'robust'),
      uncovered: fields.choice('uncovered', ['N', 'reference'], 'reference'),
      panelShare: fields.number('panelShare', { otherwise: 0.01, least: 0, below: 0.5 }),
      panelFrom: fields.choice('panelFrom', ['people', 'start'], 'people'),
      tokenizer: tokenizerOf(fields.inner('tokenizer'), file),
      kind: model.choice('kind', ['linformer', 'transformer', 'lrt'], 'linformer'),
      architecture: model.raw('architecture') as Readonly<Record<string, unknown>>,
      start: fields.has('start') ? file.file(fields.text('start')) : undefined,
      training: {
        seed: training.count('seed', { least: 0 }),
        batch: training.count('batch'),
        epochs: training.count('epochs'),
        patience: training.count('patience'),
        stopBy: training.choice('stopBy', ['auc', 'loss'], 'auc'),
        splits: training.count('splits'),
        schedule: scheduleOf(training),
        weightDecay: training.number('weightDecay', { otherwise: 0.01, least: 0, below: 1 }),
        clipNorm: training.number('clipNorm', { otherwise: 1, least: 0, below: 1e6 }),
      },
    }
    if (typeof recipe.architecture !== 'object' || recipe.architecture === null) throw model.fault('architecture', 'an object') // biome-ignore format: one line
    if (recipe.panelFrom === 'start' && recipe.start === undefined) throw fields.fault('panelFrom', "'people' where nothing is begun with") // biome-ignore format: one line
    if (recipe.people.kind === 'simulate' && recipe.people.spec.regionFlankBp < recipe.flankBp)
      throw fields.fault('flankBp', `at most the simulated flank of ${recipe.people.spec.regionFlankBp}`)
    model.end()
    training.end()
    fields.end()
    return recipe
  })
}

/** What both tasks say of the model that they make. */
export function headOf(fields: ConfigFields) {
  const id = fields.text('id')
  if (!/^[\w.-]{1,100}$/.test(id)) throw fields.fault('id', 'letters, digits, dots, dashes')
  const created = fields.has('created') ? fields.text('created') : undefined
  if (created !== undefined && Number.isNaN(Date.parse(created))) throw fields.fault('created', 'a date and time')
  return { id, name: fields.text('name'), licence: fields.text('licence'), limits: fields.texts('limits', []), created }
}

/** Rate, warm-up steps and the factor of each step. */
export function scheduleOf(fields: ConfigFields): Schedule {
  return {
    kind: 'exponential',
    rate: fields.number('rate', { least: 0, below: 1 }),
    factor: fields.number('factor', { otherwise: 0.9995, least: 0, below: 1.000001 }),
    warmupSteps: fields.count('warmupSteps', { least: 0, otherwise: 0 }),
  }
}

export function peopleOf(fields: ConfigFields, file: RecipeFile): PeopleSource {
  const kind = fields.choice('from', ['simulate', 'samples'])
  const reference = file.file(fields.text('reference'))
  let source: PeopleSource
  if (kind === 'samples')
    source = {
      kind,
      sheet: file.file(fields.text('sheet')),
      reference,
      simulated: fields.flag('simulated', false),
      depth: fields.text('depth', 'not said'),
    }
  else {
    const d = COHORT_DEFAULTS
    const share = (field: keyof CohortSpec, least: number, below: number) => fields.number(field, { otherwise: d[field], least, below }) // biome-ignore format: one line
    source = {
      kind,
      reference,
      haplotypes: fields.has('haplotypes') ? file.file(fields.text('haplotypes')) : undefined,
      spec: {
        seed: fields.count('seed', { least: 0, otherwise: d.seed }),
        people: fields.count('people', { least: 40 }),
        depth: share('depth', 0.1, 1000),
        caseShare: share('caseShare', 0.01, 1),
        prevalence: share('prevalence', 1e-6, 1),
        regionFlankBp: fields.count('regionFlankBp', { least: 0, otherwise: d.regionFlankBp }),
        neutralEveryBp: fields.count('neutralEveryBp', { least: 0, otherwise: d.neutralEveryBp }),
        flankEffects: fields.count('flankEffects', { least: 0, otherwise: 0 }),
        flankEffectOdds: share('flankEffectOdds', 0.01, 100),
        effectFlankBp: fields.count('effectFlankBp', { least: 1, otherwise: d.effectFlankBp }),
        privatePerKb: share('privatePerKb', 0, 10),
      },
    }
  }
  fields.end()
  return source
}

function tokenizerOf(fields: ConfigFields, file: RecipeFile): ClassifyRecipe['tokenizer'] {
  const tokenizer = fields.has('file')
    ? { file: file.file(fields.text('file')) }
    : {
        vocabulary: fields.count('vocabulary', { least: 80 }),
        maxPieceLength: fields.count('maxPieceLength', { otherwise: 64 }),
        people: fields.count('people', { otherwise: 100 }),
      }
  fields.end()
  return tokenizer
}
