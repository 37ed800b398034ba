import { type LabPage, type PageAnswer, toneOfAll } from '../page.ts'
import { curve, FULL, isSingle, type LengthSetting, SPARSE, sparseIsLess } from './lengthSettings.ts'
import { crossoverVerdict, isEven, singleVerdict, timesAreBusy } from './lengthVerdicts.ts'
import { bp, crossoverText, MEASURES, type Measure } from './lengthWords.ts'
import { BUSY_WORDS, numberOf } from './measured.ts'

type Verdict = LabPage['verdicts'][number]

/** Of one setting. */
interface Told {
  readonly text: string
  readonly tones: readonly Verdict['tone'][]
}

/** Who is smaller and who faster, setting by setting, and where full attention stops fitting. */
export function lengthAnswer(settings: readonly LengthSetting[]): PageAnswer | null {
  const alone = settings.every(isSingle)
  const told = settings.flatMap((setting): readonly Told[] => {
    if (isSingle(setting)) return singleOutcome(setting, alone)
    const found = MEASURES.flatMap(m => outcomeOf(setting, m))
    if (found.length === 0) return []
    const [memory, time] = found
    const where = memory && time && memory.where === time.where && memory.verb === time.verb ? `${memory.verb}${memory.what} and ${time.what}${memory.where}` : found.map(f => `${f.verb}${f.what}${f.where}`).join(', ') // biome-ignore format: one thought
    return [{ text: `${shortName(setting)}: ${where}${stopsFitting(setting)}`, tones: found.map(f => f.tone) }]
  })
  if (told.length === 0) return null
  return { tone: toneOfAll(told.flatMap(t => t.tones)), text: `Block-sparse against full attention. ${told.map(t => t.text).join('. ')}.` } // biome-ignore format: one sentence
}

/** Of one length what did not fit; who costs less is worth a place in the answer only where there is nothing else to tell. */
function singleOutcome(setting: LengthSetting, alone: boolean): readonly Told[] {
  const [sparse, full] = [SPARSE, FULL].map(model => curve(setting, model, setting.layers.at(-1)!)[0])
  const at = `${shortName(setting)}, at ${bp(numberOf(setting.points[0]!, 'lengthBp'))} alone`
  if (full?.state === 'done' && sparse?.state === 'does-not-fit') return [{ text: `${at}: full attention ran, block-sparse attention did not fit`, tones: ['bad'] }] // biome-ignore format: one thought
  if (sparse?.state === 'done' && full?.state === 'does-not-fit') return [{ text: `${at}: block-sparse attention ran, full attention did not fit`, tones: ['good'] }] // biome-ignore format: one thought
  return alone ? singleVerdict(setting).map(v => ({ text: v.text.replace(/\.$/, ''), tones: [v.tone] })) : []
}

const shortName = ({ job, attention, width }: LengthSetting): string => {
  const name = job === 'inference' ? 'Inference' : job === 'training' ? 'Training step' : 'Training step of the attention alone' // biome-ignore format: one thought
  return `${name} at ${width.toLocaleString('en-US')} channels${attention === 'whole' ? ' in one piece' : ''}`
}

interface Outcome {
  readonly tone: Verdict['tone']
  /** `as `, `not `, or nothing. */
  readonly verb: string
  readonly what: string
  readonly where: string
}

function outcomeOf(setting: LengthSetting, m: Measure): readonly Outcome[] {
  const { tone } = crossoverVerdict(setting, m)
  const found = sparseIsLess(setting, m.measure)
  if (found.kind === 'unknown') return []
  if (isEven(setting, m)) return [{ tone, verb: 'as ', what: m.as, where: '' }]
  const none = found.kind === 'never'
  const busy = m.measure === 'seconds' && timesAreBusy(setting) ? ` (${BUSY_WORDS})` : ''
  return [{ tone, verb: none ? 'not ' : '', what: m.less, where: ` ${none ? 'at any measured length' : crossoverText(found)}${busy}` }] // biome-ignore format: one thought
}

function stopsFitting(setting: LengthSetting): string {
  const most = setting.layers.at(-1)!
  const fails = curve(setting, FULL, most).find(p => p.state === 'does-not-fit')
  const runs = curve(setting, SPARSE, most).findLast(p => p.state === 'done')
  if (!fails) return ''
  return `; full attention stops fitting at ${bp(numberOf(fails, 'lengthBp'))}${runs ? `, block-sparse attention ran up to ${bp(numberOf(runs, 'lengthBp'))}` : ''}` // biome-ignore format: one thought
}
