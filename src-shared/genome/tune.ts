import type { RiskMetrics, RiskModelName, RiskSheetProblem } from './risk.ts'

/** Fine-tuning of a risk model on the labelled people of a sample sheet: what is set, what it costs, what comes of it. */

/** Weights that a training begins with. */
export type TuneStart =
  | { readonly kind: 'fresh' }
  /** A model that is open in the project. */
  | { readonly kind: 'open'; readonly fileId: string }
  /** One that comes with the program. */
  | { readonly kind: 'shipped'; readonly modelId: string }

/** Sizes of a fresh network, a Linformer. */
export interface TuneNetwork {
  readonly width: number
  readonly layers: number
  readonly heads: number
  readonly feedForward: number
  readonly projection: number
}

export interface TuneSettings {
  readonly name: string
  readonly start: TuneStart
  /** An open reference sequence that holds the locus. */
  readonly referenceFileId: string
  /** Of a fresh start. */
  readonly network: TuneNetwork
  /** Pieces of a fresh tokenizer. */
  readonly vocabulary: number
  /** Bases of the region on each side of the gene. */
  readonly flankBp: number
  readonly caller: 'robust' | 'top2'
  /** Share of training people that must have a character at a site before it is read; 0: the whole diplotype. */
  readonly panelShare: number
  readonly splits: number
  readonly epochs: number
  readonly batch: number
  /** Learning rate after warm-up; each step multiplies it by 0.9995. */
  readonly rate: number
  readonly warmupSteps: number
  /** Epochs without better validation people before a split ends. */
  readonly patience: number
  /** What of the validation people chooses the weights. Absent in what earlier versions have kept: `auc`. */
  readonly stopBy?: 'auc' | 'loss'
  readonly seed: number
}

export const TUNE_DEFAULTS: Omit<TuneSettings, 'name' | 'start' | 'referenceFileId'> = {
  network: { width: 32, layers: 2, heads: 4, feedForward: 64, projection: 16 },
  vocabulary: 4000,
  flankBp: 1000,
  caller: 'robust',
  panelShare: 0.01,
  splits: 5,
  epochs: 12,
  batch: 16,
  rate: 0.002,
  warmupSteps: 20,
  patience: 4,
  stopBy: 'auc',
  seed: 1,
}

/** Steps that a split may take at most, and that it goes on without better validation people. */
const SMALL = { steps: 600, patienceSteps: 100, epochs: 100 } as const

/** People under whom a fresh network is not known to beat the two SNPs, and under whom it is expected to be worse than they are. */
const FEW_PEOPLE = { better: 1200, asGood: 150 } as const

/**
 * What a cohort of this size begins with: an epoch of few people is few steps, so that it gets more of them (a network that stops while its rate
 * still warms up has learned nothing, and chance chooses its weights), and their validation loss moves less than the AUC of a dozen.
 */
export function tuneDefaults(people: { readonly cases: number; readonly controls: number }): typeof TUNE_DEFAULTS {
  const { perEpoch } = tuneSteps(TUNE_DEFAULTS, people)
  return {
    ...TUNE_DEFAULTS,
    epochs: Math.min(SMALL.epochs, Math.max(TUNE_DEFAULTS.epochs, Math.ceil(SMALL.steps / perEpoch))),
    patience: Math.max(TUNE_DEFAULTS.patience, Math.ceil(SMALL.patienceSteps / perEpoch)),
    stopBy: people.cases + people.controls < FEW_PEOPLE.better ? 'loss' : 'auc',
  }
}

const LOGISTIC = 'What so few people can give is a logistic model of the two SNPs: `diploscope train` with a recipe whose model.kind is logistic and whose people are {"from": "samples", "sheet", "reference"} (docs/recipes.md).' // biome-ignore format: one line

/** What must be said of so few people before a fresh network is trained on them; null where they are enough. docs/risk.md, "Small cohorts" and "How many people it takes". */
export function fewPeople(people: number): string | null {
  const n = (x: number) => x.toLocaleString('en-US')
  if (people >= FEW_PEOPLE.better) return null
  return people < FEW_PEOPLE.asGood
    ? `With ${n(people)} people a fresh network is expected to be worse than the two SNPs alone: so it was on each of three simulated cohorts of 80, with every setting that was tried, by 0.01 to 0.14 of AUC. ${LOGISTIC}`
    : `With ${n(people)} people a fresh network is not known to beat the two SNPs alone: on simulated cohorts of 200 it was as good where nothing else acts, and with 300 and 600 people whose flanks act no difference could be shown. ${LOGISTIC}`
}

/** Least and most of each number; the published flanks reach 15,000. */
export const TUNE_LIMITS = {
  vocabulary: [80, 32_000],
  flankBp: [0, 20_000],
  panelShare: [0, 0.49],
  splits: [1, 20],
  epochs: [1, 1000],
  batch: [1, 512],
  rate: [1e-7, 0.5],
  warmupSteps: [0, 100_000],
  patience: [1, 1000],
  seed: [0, 2 ** 31 - 1],
  width: [8, 1024],
  layers: [1, 24],
  heads: [1, 64],
  feedForward: [8, 8192],
  projection: [1, 1024],
} as const satisfies Record<string, readonly [number, number]>

export type TuneField = keyof typeof TUNE_LIMITS | 'name' | 'reference'

const FRACTIONS: readonly TuneField[] = ['panelShare', 'rate']

/** What is wrong with the settings, by field; empty when they can be used. */
export function tuneFaults(settings: TuneSettings): Readonly<Partial<Record<TuneField, string>>> {
  const faults: Partial<Record<TuneField, string>> = {}
  const fresh = settings.start.kind === 'fresh'
  const { network, ...flat } = settings
  const values: Readonly<Record<keyof typeof TUNE_LIMITS, number>> = { ...flat, ...network }
  for (const field of Object.keys(TUNE_LIMITS) as (keyof typeof TUNE_LIMITS)[]) {
    if (!fresh && (field === 'vocabulary' || field in network)) continue
    const [least, most] = TUNE_LIMITS[field]
    const value = values[field]
    const whole = FRACTIONS.includes(field) || Number.isInteger(value)
    if (!(value >= least && value <= most && whole))
      faults[field] = `${Number.isFinite(value) ? value : 'nothing'}: ${FRACTIONS.includes(field) ? 'a number' : 'a whole number'} from ${least.toLocaleString('en-US')} to ${most.toLocaleString('en-US')} is needed` // biome-ignore format: one line
  }
  if (fresh && !faults.width && !faults.heads && network.width % network.heads !== 0)
    faults.heads = `${network.width} is not divisible by ${network.heads} heads`
  if (settings.name.trim() === '' || settings.name.length > 80) faults.name = 'a name of 1 to 80 characters is needed'
  if (settings.referenceFileId === '') faults.reference = 'open a reference sequence that holds chromosome 19'
  return faults
}

export interface TuneSteps {
  readonly train: number
  readonly validation: number
  readonly test: number
  readonly perEpoch: number
  /** The most that a split takes: early stopping makes it fewer. */
  readonly perSplit: number
  readonly total: number
}

/** People of each part of a split (70/15/15, by class to the nearest person) and the steps that follow. */
export function tuneSteps(
  settings: Pick<TuneSettings, 'batch' | 'epochs' | 'splits'>,
  people: { readonly cases: number; readonly controls: number },
): TuneSteps {
  const part = Math.round(people.cases * 0.15) + Math.round(people.controls * 0.15)
  const train = people.cases + people.controls - 2 * part
  const perEpoch = Math.max(1, Math.floor(train / Math.max(1, Math.min(settings.batch, train))))
  const perSplit = perEpoch * settings.epochs
  return { train, validation: part, test: part, perEpoch, perSplit, total: perSplit * settings.splits }
}

/** A model that a training may begin with. */
export interface TuneStartOption {
  readonly start: TuneStart
  readonly name: string
  readonly what: 'risk' | 'masked-tokens'
  /** Trained on simulated people, in words; null otherwise. */
  readonly label: string | null
  /** In words: layers, width, longest sequence, pieces. */
  readonly network: string
  /** Of a risk model: the region and the caller that its weights belong to, which a training keeps. */
  readonly fixed: { readonly flankBp: number; readonly caller: 'robust' | 'top2' } | null
}

export interface TuneOptions {
  readonly cases: number
  readonly controls: number
  /** The sheet came from `simulate cohort`. */
  readonly simulated: boolean
  /** Why this sheet cannot be trained on, with the rows at fault; null when it can. */
  readonly refusal: { readonly message: string; readonly remedy: string; readonly rows: readonly RiskSheetProblem[] } | null // biome-ignore format: one line
  readonly starts: readonly TuneStartOption[]
  /** Open reference sequences that hold the locus. */
  readonly references: readonly { readonly fileId: string; readonly name: string }[]
}

export type TuneState = 'running' | 'stopped' | 'failed' | 'done'

/** A training of a sheet as a line of a list. */
export interface TuneLine {
  readonly tuneId: string
  readonly name: string
  readonly state: TuneState
  readonly jobId: string | null
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly simulated: boolean
  readonly people: number
  readonly cases: number
  /** Of the finished training, over its splits: mean test AUC. */
  readonly auc: number | null
  /** In words, why it failed. */
  readonly error: string | null
  /** Of its model, where that is open. */
  readonly modelFileId: string | null
}

/** What a split's log says. Columns have one entry a step, or one a validation. */
export interface TuneCurve {
  readonly split: number
  readonly steps: Int32Array
  /** Training loss, nats. */
  readonly loss: Float64Array
  readonly validationSteps: Int32Array
  readonly validationLoss: Float64Array
  readonly validationAuc: Float64Array
  /** Step whose weights are kept: the first of the best validation AUC or loss; null before there is one. */
  readonly bestStep: number | null
  /** It ended before its last epoch, because nothing got better. */
  readonly stoppedEarly: boolean
}

/** One split's test people, every model on the same. */
export interface TuneSplit {
  readonly split: number
  readonly people: { readonly train: number; readonly validation: number; readonly test: number }
  readonly metrics: Readonly<Partial<Record<RiskModelName, RiskMetrics>>>
  readonly modelMinusTwoSnp: { readonly difference: number; readonly ci95: readonly [number, number] | null } | null
  readonly confusion: { readonly truePositives: number; readonly falsePositives: number; readonly trueNegatives: number; readonly falseNegatives: number } | null // biome-ignore format: one line
}

export interface TuneResult {
  readonly splits: readonly TuneSplit[]
  /** Of the simulated population, exact. */
  readonly optimum: { readonly auc: number; readonly twoSnpAuc: number } | null
  readonly regionBp: number
  readonly panelSites: number | null
  /** The model card, Markdown. */
  readonly card: string
}

/** A training with everything that is known of it. */
export interface TuneDetail extends TuneLine {
  readonly sheetName: string
  readonly settings: TuneSettings
  readonly startName: string
  /** The most steps that a split takes. */
  readonly stepsPerSplit: number
  readonly curves: readonly TuneCurve[]
  readonly result: TuneResult | null
  /** What must be said of it. */
  readonly cautions: readonly string[]
}

/** What the settings would cost. */
export interface TuneCost {
  readonly secondsPerStep: number
  /** Of everything, when no split ends early: reading the files, training, judging. */
  readonly seconds: number
  readonly tokens: number
  readonly parameters: number
  /** Of the process that computes, and what the machine has free for it. */
  readonly peakBytes: number
  readonly freeBytes: number
  /** What fits where this does not, as a sentence (`what fits: batch 4`); null where it does. */
  readonly fitting: string | null
  /** In words: what the figures rest on. */
  readonly basis: string
}
