import { valueText } from '../../report/labNumbers.ts'
import { type LabPage, type PageAnswer, toneOfAll } from '../page.ts'
import { BUSY_SHARE } from '../result.ts'
import {
  accuracyRange,
  type EffectGroup,
  type EffectRun,
  groupName,
  modelName,
  modelWord,
  spreadOf,
  trainingSeconds,
} from './effectRuns.ts'
import { apart, measured } from './measured.ts'

type Verdict = LabPage['verdicts'][number]
type Range = NonNullable<ReturnType<typeof accuracyRange>>

/** Below this a difference of times is not called one. */
const SAME_TIME = 0.03
/** Images of an epoch of MNIST. */
const EPOCH = 60_000

const percent = (share: number) => `${(100 * share).toFixed(2)} %`
const points = (difference: number) => `${difference >= 0 ? '+' : '-'}${Math.abs(100 * difference).toFixed(2)} points`
const times = (ratio: number) => valueText(ratio, 'ratio')

/** One sentence for each cheaper network of a group. */
export function groupVerdicts(group: EffectGroup, all: readonly EffectGroup[]): readonly Verdict[] {
  const full = group.runs.find(r => r.model === 'transformer')
  return group.runs.flatMap(run => {
    if (run.model === 'transformer') return []
    const verdict = group.job === 'cost' ? costVerdict(group, run, full) : trainVerdict(group, run, full, all)
    return [verdict ?? { tone: 'open', text: `${modelName(run)}, ${groupName(group)}: not measured beside the transformer yet.` }] // biome-ignore format: one sentence
  })
}

/** Each cheaper kind over all sizes: what it loses where networks were trained, and what a step takes. */
export function effectAnswer(
  trained: readonly EffectGroup[],
  timed: readonly EffectGroup[],
  all: readonly EffectGroup[],
): PageAnswer | null {
  const groups = trained.length > 0 ? trained : timed
  const tones = groups.flatMap(g => groupVerdicts(g, all)).map(v => v.tone)
  const kinds = [...new Set(groups.flatMap(g => g.runs.map(r => r.model)))].filter(m => m !== 'transformer')
  const told = kinds.flatMap(kind => {
    const pairs = groups.flatMap(group => {
      const full = group.runs.find(r => r.model === 'transformer')
      return full ? group.runs.filter(r => r.model === kind).map(run => ({ group, run, full })) : []
    })
    const losses = pairs.flatMap(({ run, full }) => differenceOf(run, full) ?? [])
    const ratios = pairs.flatMap(({ group, run, full }) => {
      const [a, b] = trained.length > 0 ? sharedSeeds(run, full).map(r => trainingSeconds(r, group, all)) : [quietStep(run), quietStep(full)] // biome-ignore format: one thought
      return a !== undefined && b !== undefined ? [a / b] : []
    })
    const arithmetic = pairs.flatMap(({ run, full }) => {
      const [a, b] = sharedSeeds(run, full).map(r => spreadOf(r, 'trainFlops')?.mean)
      return a !== undefined && b ? [a / b] : []
    })
    const parts = [...(losses.length > 0 ? [`${span(losses.map(l => l.mean), points)} of accuracy${spreadWords(losses)}`] : []), ...(ratios.length > 0 ? [`${span(ratios, times)} the time`] : arithmetic.length > 0 ? [`${span(arithmetic, times)} the arithmetic`] : [])] // biome-ignore format: one list
    return parts.length > 0 ? [`${modelWord(kind)} ${parts.join(' at ')}`] : []
  })
  if (told.length === 0) return null
  const text = trained.length > 0 ? `Beside the transformer: ${told.join('; ')}.` : `A training step takes, beside the transformer's: ${told.join('; ')}. Nothing was trained here: accuracy is not judged.` // biome-ignore format: one sentence
  return { tone: toneOfAll(tones), text }
}

const quietStep = (run: EffectRun): number | undefined =>
  (run.timed?.foreignLoad ?? 1) < BUSY_SHARE ? measured(run.timed, 'trainStepSeconds')?.median : undefined

/** `0.36× to 0.57×`. */
function span(values: readonly number[], text: (v: number) => string): string {
  const [least, most] = [text(Math.min(...values)), text(Math.max(...values))]
  return least === most ? least : `${least} to ${most}`
}

interface Difference {
  readonly mean: number
  readonly judged: 'within' | 'beyond' | 'one-seed'
}

/** Of the mean test accuracies, over the seeds that both have, and whether it is more than the seeds' own. */
function differenceOf(run: EffectRun, full: EffectRun): Difference | undefined {
  const [ours, theirs] = sharedSeeds(run, full)
  const [a, b] = [spreadOf(ours, 'testAccuracy'), spreadOf(theirs, 'testAccuracy')]
  const [rangeA, rangeB] = [accuracyRange(ours), accuracyRange(theirs)]
  if (!a || !b || !rangeA || !rangeB) return undefined
  return { mean: a.mean - b.mean, judged: a.n === 1 ? 'one-seed' : overlap(rangeA, rangeB) ? 'within' : 'beyond' }
}

/** What differences are worth: ` (all within the spread over seeds)`. Nothing where all are beyond it. */
function spreadWords(differences: readonly Difference[]): string {
  const told = (judged: Difference['judged'], words: string): readonly string[] => {
    const { length } = differences.filter(d => d.judged === judged)
    if (length === 0) return []
    return [`${differences.length === 1 ? '' : length === differences.length ? 'all ' : `${length} of ${differences.length} `}${words}`] // biome-ignore format: one thought
  }
  const words = [...told('within', 'within the spread over seeds'), ...told('one-seed', 'of one seed, not judged')]
  return words.length > 0 ? ` (${words.join(', ')})` : ''
}

const overlap = (a: Range, b: Range): boolean => a.lower <= b.upper && b.lower <= a.upper

/** Only seeds that both have: a run that was stopped may have one more of the first. */
function sharedSeeds(run: EffectRun, full: EffectRun): readonly [EffectRun, EffectRun] {
  const seeds = new Set(run.trained.map(p => p.factors['seed']))
  const common = new Set(full.trained.map(p => p.factors['seed']).filter(seed => seeds.has(seed)))
  const shared = (r: EffectRun): EffectRun => ({ ...r, trained: r.trained.filter(p => common.has(p.factors['seed'])) })
  return [shared(run), shared(full)]
}

function trainVerdict(
  group: EffectGroup,
  run: EffectRun,
  full: EffectRun | undefined,
  all: readonly EffectGroup[],
): Verdict | undefined {
  if (!full) return undefined
  const [ours, theirs] = sharedSeeds(run, full)
  const [a, b] = [spreadOf(ours, 'testAccuracy'), spreadOf(theirs, 'testAccuracy')]
  const [rangeA, rangeB] = [accuracyRange(ours), accuracyRange(theirs)]
  const [timeA, timeB] = [trainingSeconds(ours, group, all), trainingSeconds(theirs, group, all)]
  const [flopsA, flopsB] = [spreadOf(ours, 'trainFlops'), spreadOf(theirs, 'trainFlops')]
  if (!a || !b || !rangeA || !rangeB) return undefined
  const difference = a.mean - b.mean
  const within = overlap(rangeA, rangeB)
  const ratio = timeA !== undefined && timeB !== undefined ? timeA / timeB : undefined
  const one = a.n === 1
  const what = one ? 'the 95 % intervals of the test images, which say nothing of the spread between seeds' : `the spread over ${a.n} seeds` // biome-ignore format: one thought
  const range = (r: Range) => `${percent(r.lower)} – ${percent(r.upper)}`
  const arithmetic = flopsA && flopsB ? `${times(flopsA.mean / flopsB.mean)} the arithmetic` : ''
  const cost =
    ratio !== undefined
      ? `a training takes ${times(ratio)} the time${arithmetic && ` and ${arithmetic}`} of the transformer's${ratio > 1 + SAME_TIME ? ': it is slower' : ''}` // biome-ignore format: one thought
      : `a training takes ${arithmetic ? `${arithmetic} of the transformer's; ` : ''}its time was not measured on a quiet machine`
  return {
    tone: toneOf(difference, within, ratio, one),
    text: `${modelName(run)} on ${groupName(group)}: ${percent(a.mean)} of the test images against ${percent(b.mean)} of the transformer, ${points(difference)}, ${within ? 'within' : 'beyond'} ${what} (${range(rangeA)} and ${range(rangeB)}); ${cost}.`, // biome-ignore format: one sentence
  }
}

/** `ratio`: of the times; undefined where they say nothing. */
function toneOf(difference: number, within: boolean, ratio: number | undefined, one: boolean): Verdict['tone'] {
  if (one) return 'open'
  if (!within && difference < 0) return 'bad'
  if (ratio === undefined) return 'open'
  if (ratio < 1 - SAME_TIME) return 'good'
  return ratio > 1 + SAME_TIME && within ? 'bad' : 'open'
}

function costVerdict(group: EffectGroup, run: EffectRun, full: EffectRun | undefined): Verdict | undefined {
  const of = (measure: string) =>
    [measured(run.timed, measure)?.median, measured(full?.timed, measure)?.median] as const
  const [stepA, stepB] = of('trainStepSeconds')
  const [memoryA, memoryB] = of('peakBytes')
  const [forwardA, forwardB] = of('inferenceSeconds')
  if (stepA === undefined || stepB === undefined) return undefined
  const ratio = stepA / stepB
  const cross = !apart(measured(run.timed, 'trainStepSeconds'), measured(full?.timed, 'trainStepSeconds'))
  const seconds = (s: number) => valueText(s, 'seconds')
  const beside = [
    ...(forwardA !== undefined && forwardB !== undefined ? [`a forward pass ${times(forwardA / forwardB)}`] : []),
    ...(memoryA !== undefined && memoryB !== undefined ? [`its peak memory is ${times(memoryA / memoryB)}`] : []),
  ]
  const busy = [run, full].some(r => (r?.timed?.foreignLoad ?? 0) >= BUSY_SHARE)
  return {
    tone: busy || cross ? 'open' : ratio < 1 - SAME_TIME ? 'good' : ratio > 1 + SAME_TIME ? 'bad' : 'open',
    text: `${modelName(run)} on ${groupName(group)}, batch ${run.batch}: a training step takes ${seconds(stepA)} against ${seconds(stepB)} of the transformer, ${times(ratio)}${busy ? ' (while others used the machine)' : cross ? ' (the quartiles cross: no difference)' : ''}${beside.map(b => `, ${b}`).join('')}; an epoch of ${EPOCH.toLocaleString('en-US')} images would take ${seconds((stepA * EPOCH) / run.batch)} against ${seconds((stepB * EPOCH) / run.batch)}.`, // biome-ignore format: one sentence
  }
}
