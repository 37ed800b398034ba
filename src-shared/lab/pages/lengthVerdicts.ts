import { valueText } from '../../report/labNumbers.ts'
import { crossover, reaches } from '../crossover.ts'
import type { LabPage } from '../page.ts'
import {
  costsOf,
  curve,
  FULL,
  isPublished,
  isSingle,
  type LengthMeasure,
  type LengthSetting,
  layerCosts,
  SPARSE,
  settingName,
  sparseIsLess,
} from './lengthSettings.ts'
import { about, bp, crossoverText, MEASURES, type Measure } from './lengthWords.ts'
import { BUSY_WORDS, isBusy, measured, numberOf } from './measured.ts'
import { PUBLISHED_LENGTH } from './publishedLength.ts'

type Verdict = LabPage['verdicts'][number]

/** What a setting answers: who is smaller, who is faster, what fits, what a layer costs. */
export function lengthVerdicts(setting: LengthSetting): readonly Verdict[] {
  return [
    ...(isSingle(setting) ? singleVerdict(setting) : MEASURES.map(m => crossoverVerdict(setting, m))),
    ...fitVerdicts(setting),
    ...layerVerdicts(setting),
  ]
}

/** Of one length there is no crossover, only who costs less. */
export function singleVerdict(setting: LengthSetting): readonly Verdict[] {
  const [memory, time] = MEASURES.map(m => lastPair(setting, m.measure))
  if (!memory || !time) return []
  const texts = [memory, time].map((pair, i) => `${valueText(pair.sparse, MEASURES[i]!.format)} against ${valueText(pair.full, MEASURES[i]!.format)}`) // biome-ignore format: one thought
  const [less, more] = [memory.sparse < memory.full && time.sparse < time.full, memory.sparse > memory.full && time.sparse > time.full] // biome-ignore format: one thought
  const busy = timesAreBusy(setting)
  return [{ tone: busy ? 'open' : less ? 'good' : more ? 'bad' : 'open', text: `${settingName(setting)}: at ${bp(memory.x)}, the only length measured, block-sparse attention needs ${texts.join(' and ')} of full attention${busy ? ` (times ${BUSY_WORDS})` : ''}.` }] // biome-ignore format: one sentence
}

/** Whether others used the machine while one of the compared times was measured. */
export function timesAreBusy(setting: LengthSetting): boolean {
  const most = setting.layers.at(-1)!
  return [FULL, SPARSE].flatMap(model => curve(setting, model, most)).some(p => p.state === 'done' && isBusy(p))
}

export function crossoverVerdict(setting: LengthSetting, m: Measure): Verdict {
  const { tone, text } = quietVerdict(setting, m)
  if (m.measure !== 'seconds' || !timesAreBusy(setting)) return { tone, text: `${text}.` }
  return { tone: 'open', text: `${text} (${BUSY_WORDS}).` }
}

/** As if the machine had been quiet; without its full stop. */
function quietVerdict(setting: LengthSetting, m: Measure): Verdict {
  const found = sparseIsLess(setting, m.measure)
  const start = `${settingName(setting)}: block-sparse attention`
  const far = lastPair(setting, m.measure)
  const numbers = far ? ` (${valueText(far.sparse, m.format)} against ${valueText(far.full, m.format)} at ${bp(far.x)}, ${layersText(setting)})` : '' // biome-ignore format: one thought
  if (isEven(setting, m))
    return { tone: 'open', text: `${start} costs as much as full attention in ${m.unit}: less than ${valueText(EVEN - 1, 'percent')} apart at every length that both were measured at${numbers}` } // biome-ignore format: one sentence
  switch (found.kind) {
    case 'unknown':
      return { tone: 'open', text: `${start} cannot be judged by ${m.unit} yet: fewer than two lengths are measured` }
    case 'never':
      return { tone: 'bad', text: `${start} needs ${m.more} than full attention at every measured length, or as much: no crossover in the measured range${numbers}` } // biome-ignore format: one sentence
    case 'not-at-the-end':
      return { tone: 'open', text: `${start} is ${m.less} at some of the measured lengths, and not at the greatest: no length from which it stays ${m.less}${numbers}` } // biome-ignore format: one sentence
    case 'always':
      return { tone: 'good', text: `${start} is ${m.less} at every measured length${numbers}` }
    case 'between':
      return { tone: 'good', text: `${start} is ${m.less} ${crossoverText(found)}, where ${runsOut(setting, m.measure, found.high)}${numbers}` } // biome-ignore format: one sentence
    case 'at':
      return { tone: 'good', text: `${start} is ${m.less} ${crossoverText(found)}${found.only ? ', and at no smaller measured length' : ''}${numbers}` } // biome-ignore format: one sentence
  }
}

const layersText = ({ layers }: LengthSetting): string => {
  const most = layers.at(-1)!
  return `${most} ${most === 1 ? 'layer' : 'layers'}`
}

/** Which of the two could not be run about a crossover that has no costs on both sides. */
function runsOut(setting: LengthSetting, measure: LengthMeasure, high: number): string {
  const full = costsOf(curve(setting, FULL, setting.layers.at(-1)!), measure)
  return full.some(f => f.x === high && f.cost === null)
    ? 'full attention can no longer be run'
    : 'block-sparse attention could not be run before'
}

/** Two costs nearer than this are no win of either. */
const EVEN = 1.02

/** Whether neither costs more than the other anywhere. */
export function isEven(setting: LengthSetting, { measure }: Measure): boolean {
  const pairs = pairsOf(setting, measure)
  const found = sparseIsLess(setting, measure).kind
  return pairs.length > 0 && ['at', 'always', 'never', 'not-at-the-end'].includes(found) && pairs.every(p => Math.max(p.sparse / p.full, p.full / p.sparse) < EVEN) // biome-ignore format: one thought
}

/** Medians at the lengths that both models were measured at. */
function pairsOf(setting: LengthSetting, measure: LengthMeasure) {
  const most = setting.layers.at(-1)!
  const full = costsOf(curve(setting, FULL, most), measure)
  return costsOf(curve(setting, SPARSE, most), measure).flatMap(({ x, cost }) => {
    const other = full.find(f => f.x === x)?.cost
    return cost !== null && other ? [{ x, sparse: cost, full: other }] : []
  })
}

/** At the greatest of these lengths. */
const lastPair = (setting: LengthSetting, measure: LengthMeasure) => pairsOf(setting, measure).at(-1)

/** What did not fit, and where full attention would pass the memory of the published card. */
function fitVerdicts(setting: LengthSetting): readonly Verdict[] {
  const most = setting.layers.at(-1)!
  const verdicts: Verdict[] = []
  const fails = (model: string) => curve(setting, model, most).find(p => p.state === 'does-not-fit')
  const [full, sparse] = [fails(FULL), fails(SPARSE)]
  const runs = curve(setting, SPARSE, most).findLast(p => p.state === 'done')
  if (full) {
    const longer = runs && numberOf(runs, 'lengthBp') >= numberOf(full, 'lengthBp')
    const other = longer ? `; block-sparse attention still runs ${bp(numberOf(runs, 'lengthBp'))}` : sparse ? `; nor does block-sparse attention at ${bp(numberOf(sparse, 'lengthBp'))}` : '; block-sparse attention was not measured there' // biome-ignore format: one thought
    verdicts.push({ tone: longer ? 'good' : sparse ? 'bad' : 'open', text: `${settingName(setting)}: full attention does not fit here at ${bp(numberOf(full, 'lengthBp'))} (${full.reason})${other}.` }) // biome-ignore format: one sentence
  }
  if (sparse && !full) {
    const there = curve(setting, FULL, most).find(p => p.factors['lengthBp'] === sparse.factors['lengthBp'] && p.state === 'done') // biome-ignore format: one thought
    const took = measured(there, 'peakBytes')
    if (there) verdicts.push({ tone: 'bad', text: `${settingName(setting)}: block-sparse attention does not fit here at ${bp(numberOf(sparse, 'lengthBp'))} (${sparse.reason}), where full attention ran${took ? ` in ${valueText(took.median, 'bytes')}` : ''}.` }) // biome-ignore format: one sentence
  }
  const [a, b] = [limitLength(setting, FULL), limitLength(setting, SPARSE)]
  if (a.kind === 'passes') {
    const published = isPublished(setting) ? ` Published: full attention failed at ${bp(PUBLISHED_LENGTH.fullFailsBp)}, block-sparse attention ran ${bp(PUBLISHED_LENGTH.sparseRunsBp)}.` : '' // biome-ignore format: one sentence
    verdicts.push({
      tone: b.kind === 'within' ? 'good' : 'open',
      text: `${settingName(setting)}: full attention ${limitText(a)}, the memory of the published card; block-sparse attention ${limitText(b)}.${published}`,
    })
  }
  return verdicts
}

/** Where the memory of a model passes that of the published card. `unknown`: nothing tells its memory at some length, or at the first. */
export type LimitLength =
  | { readonly kind: 'passes'; readonly x: number; readonly planned: boolean }
  /** `longest`: the greatest length whose memory is known. */
  | { readonly kind: 'within'; readonly longest: number; readonly planned: boolean }
  /** More already at the least length. */
  | { readonly kind: 'above'; readonly shortest: number; readonly planned: boolean }
  | { readonly kind: 'unknown' }

/** As measured, or as planned where it did not fit. */
export function limitLength(setting: LengthSetting, model: string): LimitLength {
  // By rising length.
  const all = curve(setting, model, setting.layers.at(-1)!)
  const points = all.flatMap(p => {
    const cost = measured(p, 'peakBytes')?.median ?? (p.state === 'does-not-fit' ? p.predicted?.peakBytes : undefined)
    return cost === undefined ? [] : [{ x: numberOf(p, 'lengthBp'), cost, planned: p.state !== 'done' }]
  })
  const [shortest, longest] = [points[0], points.at(-1)]
  if (!shortest || !longest) return { kind: 'unknown' }
  if (shortest.cost > PUBLISHED_LENGTH.limitBytes) return { kind: 'above', shortest: shortest.x, planned: shortest.planned } // biome-ignore format: one thought
  const x = reaches(points, PUBLISHED_LENGTH.limitBytes)
  if (x !== null) return { kind: 'passes', x, planned: points.find(p => p.x >= x)?.planned ?? false }
  if (all.some(p => p.state === 'does-not-fit' && !p.predicted)) return { kind: 'unknown' }
  return { kind: 'within', longest: longest.x, planned: longest.planned }
}

/** `passes 24 GiB (25.8 GB) at about 500,000 bp`. */
export function limitText(at: LimitLength): string {
  const { limitText } = PUBLISHED_LENGTH
  const planned = at.kind !== 'unknown' && at.planned ? ' (by the plan: it did not fit here)' : ''
  switch (at.kind) {
    case 'passes':
      return `passes ${limitText} at ${about(at.x)}${planned}`
    case 'within':
      return `stays within ${limitText} up to ${bp(at.longest)}, the longest measured${planned}`
    case 'above':
      return `needs more than ${limitText} from ${bp(at.shortest)}, the shortest measured, on${planned}`
    case 'unknown':
      return `passes ${limitText} at a length that is not known`
  }
}

/** The published statements on memory a layer. */
function layerVerdicts(setting: LengthSetting): readonly Verdict[] {
  if (setting.layers.length < 2) return []
  const [sparse, full] = [SPARSE, FULL].map(model => layerCosts(setting, model, 'peakBytes')) as [ReturnType<typeof layerCosts>, ReturnType<typeof layerCosts>] // biome-ignore format: one thought
  const found = crossover(sparse, full)
  const published = isPublished(setting) ? ` (published: from ${about(PUBLISHED_LENGTH.layerCrossoverBp)} on)` : ''
  const start = `${settingName(setting)}: a block-sparse layer`
  switch (found.kind) {
    case 'unknown':
      return []
    case 'never':
      return [{ tone: 'bad', text: `${start} needs no less memory than a full one at any measured length${published}.` }] // biome-ignore format: one sentence
    case 'not-at-the-end':
      return [{ tone: 'open', text: `${start} needs less memory than a full one ${crossoverText(found)}${published}.` }] // biome-ignore format: one sentence
    default:
      return [{ tone: 'good', text: `${start} needs less memory than a full one ${crossoverText(found)}${published}.` }] // biome-ignore format: one sentence
  }
}
