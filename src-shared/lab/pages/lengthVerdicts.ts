import { valueText } from '../../report/labNumbers.ts'
import { crossover, reaches } from '../crossover.ts'
import type { LabPage } from '../page.ts'
import {
  costsOf,
  curve,
  FULL,
  type LengthMeasure,
  type LengthSetting,
  layerCosts,
  SPARSE,
  settingName,
  sparseIsLess,
} from './lengthSettings.ts'
import { about, bp, crossoverText, MEASURES, type Measure } from './lengthWords.ts'
import { measured, numberOf, numbersOf } from './measured.ts'
import { PUBLISHED_LENGTH } from './publishedLength.ts'

type Verdict = LabPage['verdicts'][number]

/** What a setting answers: who is smaller, who is faster, what fits, what a layer costs. */
export function lengthVerdicts(setting: LengthSetting): readonly Verdict[] {
  const single = numbersOf(setting.points, 'lengthBp').length === 1
  return [
    ...(single ? singleVerdict(setting) : MEASURES.map(m => crossoverVerdict(setting, m))),
    ...fitVerdicts(setting),
    ...layerVerdicts(setting),
  ]
}

/** Of one length there is no crossover, only who costs less. */
function singleVerdict(setting: LengthSetting): readonly Verdict[] {
  const [memory, time] = MEASURES.map(m => lastPair(setting, m.measure))
  if (!memory || !time) return []
  const texts = [memory, time].map((pair, i) => `${valueText(pair.sparse, MEASURES[i]!.format)} against ${valueText(pair.full, MEASURES[i]!.format)}`) // biome-ignore format: one thought
  const wins = memory.sparse < memory.full && time.sparse < time.full
  return [{ tone: wins ? 'good' : 'bad', text: `${settingName(setting)}: at ${bp(memory.x)}, the only length measured, block-sparse attention needs ${texts.join(' and ')} of full attention.` }] // biome-ignore format: one sentence
}

function crossoverVerdict(setting: LengthSetting, m: Measure): Verdict {
  const found = sparseIsLess(setting, m.measure)
  const start = `${settingName(setting)}: block-sparse attention`
  const far = lastPair(setting, m.measure)
  const numbers = far ? ` (${valueText(far.sparse, m.format)} against ${valueText(far.full, m.format)} at ${bp(far.x)})` : '' // biome-ignore format: one thought
  const even = pairsOf(setting, m.measure).every(p => Math.max(p.sparse / p.full, p.full / p.sparse) < EVEN)
  if (far && even && found.kind !== 'unknown' && found.kind !== 'between')
    return { tone: 'open', text: `${start} costs as much as full attention in ${m.unit}: less than ${valueText(EVEN - 1, 'percent')} apart at every measured length${numbers}.` } // biome-ignore format: one sentence
  switch (found.kind) {
    case 'unknown':
      return { tone: 'open', text: `${start} cannot be judged by ${m.unit} yet: fewer than two lengths are measured.` }
    case 'never':
      return { tone: 'bad', text: `${start} needs ${m.more} than full attention at every measured length, or as much: no crossover in the measured range${numbers}.` } // biome-ignore format: one sentence
    case 'always':
      return { tone: 'good', text: `${start} is ${m.less} at every measured length${numbers}.` }
    case 'between':
      return { tone: 'good', text: `${start} is ${m.less} from between ${bp(found.low)} and ${bp(found.high)} on, where full attention can no longer be run${numbers}.` } // biome-ignore format: one sentence
    case 'at':
      return { tone: 'good', text: `${start} is ${m.less} from ${about(found.x)} on, and not below${numbers}.` }
  }
}

/** Two costs nearer than this are no win of either. */
const EVEN = 1.02

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
    const other = longer ? `; block-sparse attention still runs ${bp(numberOf(runs, 'lengthBp'))}` : sparse ? `; nor does block-sparse attention at ${bp(numberOf(sparse, 'lengthBp'))}` : '' // biome-ignore format: one thought
    verdicts.push({ tone: longer ? 'good' : 'bad', text: `${settingName(setting)}: full attention does not fit here at ${bp(numberOf(full, 'lengthBp'))} (${full.reason})${other}.` }) // biome-ignore format: one sentence
  }
  const limit = valueText(PUBLISHED_LENGTH.limitBytes, 'bytes')
  const [a, b] = [limitLength(setting, FULL), limitLength(setting, SPARSE)]
  if (a !== null)
    verdicts.push({
      tone: b === null ? 'good' : 'open',
      text: `${settingName(setting)}: full attention passes the ${limit} of the published card at ${about(a.x)}${a.planned ? ' (by the plan where it did not fit here)' : ''}; block-sparse attention ${b === null ? 'does not in the measured range' : `at ${about(b.x)}`}. Published: full attention failed at ${bp(PUBLISHED_LENGTH.fullFailsBp)}, block-sparse attention ran ${bp(PUBLISHED_LENGTH.sparseRunsBp)}.`,
    })
  return verdicts
}

/** Where the memory of a model passes that of the published card: measured, or as planned where it did not fit. */
export function limitLength(setting: LengthSetting, model: string): { x: number; planned: boolean } | null {
  const points = curve(setting, model, setting.layers.at(-1)!).flatMap(p => {
    const cost = measured(p, 'peakBytes')?.median ?? (p.state === 'does-not-fit' ? p.predicted?.peakBytes : undefined)
    return cost === undefined ? [] : [{ x: numberOf(p, 'lengthBp'), cost, planned: p.state !== 'done' }]
  })
  const x = reaches(points, PUBLISHED_LENGTH.limitBytes)
  return x === null ? null : { x, planned: points.some(p => p.planned && p.x >= x) }
}

/** The published statements on memory a layer. */
function layerVerdicts(setting: LengthSetting): readonly Verdict[] {
  if (setting.layers.length < 2) return []
  const [sparse, full] = [SPARSE, FULL].map(model => layerCosts(setting, model, 'peakBytes')) as [ReturnType<typeof layerCosts>, ReturnType<typeof layerCosts>] // biome-ignore format: one thought
  const found = crossover(sparse, full)
  const published = `published: ${about(PUBLISHED_LENGTH.layerCrossoverBp)}`
  const start = `${settingName(setting)}: a block-sparse layer`
  if (found.kind === 'unknown') return []
  if (found.kind === 'never') return [{ tone: 'bad', text: `${start} needs no less memory than a full one at any measured length (${published}).` }] // biome-ignore format: one sentence
  return [{ tone: 'good', text: `${start} needs less memory than a full one ${crossoverText(found)} (${published}).` }]
}
