import { type CostAt, type Crossover, crossover, perLayer } from '../crossover.ts'
import type { FigurePoint } from '../page.ts'
import type { LabPoint, LabResult } from '../result.ts'
import { having, measured, numberOf, numbersOf, stateText } from './measured.ts'

/** Points that differ in model, length and layers alone: what can be compared. */
export interface LengthSetting {
  readonly job: string
  readonly attention: string
  readonly width: number
  readonly points: readonly LabPoint[]
  /** Rising; the largest is the network, the smallest what is taken away from it. */
  readonly layers: readonly number[]
}

export type LengthMeasure = 'peakBytes' | 'seconds'
export const FULL = 'enformer'
export const SPARSE = 's-enformer'

const JOBS: Readonly<Record<string, string>> = {
  inference: 'Inference',
  training: 'Training step, all gradients',
  'training-attention': 'Training step, gradients of the attention alone',
}

/** `Inference, 1,536 channels, in chunks`. */
export const settingName = ({ job, attention, width }: Omit<LengthSetting, 'points' | 'layers'>): string =>
  `${JOBS[job] ?? job}, ${width.toLocaleString('en-US')} channels, ${attention === 'whole' ? 'in one piece' : 'in chunks'}`

export function settingsOf({ points }: LabResult): readonly LengthSetting[] {
  const found = new Map<string, LengthSetting>()
  for (const point of points) {
    const { job, attention, width } = point.factors
    const key = `${job} ${attention} ${width}`
    if (found.has(key)) continue
    const own = having(points, { job: job!, attention: attention!, width: width! })
    found.set(key, { job: String(job), attention: String(attention), width: Number(width), points: own, layers: numbersOf(own, 'layers') }) // biome-ignore format: one record
  }
  return [...found.values()]
}

export const sameSetting = (result: LabResult, setting: LengthSetting): LengthSetting | undefined =>
  settingsOf(result).find(s => settingName(s) === settingName(setting))

/** One length alone makes no curve: its verdict and its table say it. */
export const isSingle = ({ points }: LengthSetting): boolean => numbersOf(points, 'lengthBp').length === 1

/** Points of a model and a number of layers by rising length. */
export const curve = ({ points }: LengthSetting, model: string, layers: number): readonly LabPoint[] =>
  having(points, { model, layers }).toSorted((a, b) => numberOf(a, 'lengthBp') - numberOf(b, 'lengthBp'))

/** What ends a point for want of what is measured. */
const WANTING = { peakBytes: 'does-not-fit', seconds: 'too-slow' } as const

/** What a measurement costs; null where it could not be done for want of just that; absent where it ended otherwise or was not tried. */
export const costsOf = (points: readonly LabPoint[], measure: LengthMeasure): readonly CostAt[] =>
  points.flatMap((p): CostAt[] => {
    const value = measured(p, measure)
    if (value) return [{ x: numberOf(p, 'lengthBp'), cost: value.median }]
    return p.state === WANTING[measure] ? [{ x: numberOf(p, 'lengthBp'), cost: null }] : []
  })

/** Whether it is what was published: gradients of the attention alone, at full width. Other jobs do not compare. */
export const isPublished = ({ job, width }: LengthSetting): boolean => job === 'training-attention' && width === 1536

/** From which length block-sparse attention costs less, of the whole network. */
export function sparseIsLess(setting: LengthSetting, measure: LengthMeasure): Crossover {
  const most = setting.layers.at(-1)!
  return crossover(costsOf(curve(setting, SPARSE, most), measure), costsOf(curve(setting, FULL, most), measure))
}

/** Average of a layer: what the network with most layers needs above that with fewest, by their difference; with its error bar. */
export function layerPoints(setting: LengthSetting, model: string, measure: LengthMeasure): readonly FigurePoint[] {
  const [fewest, most] = [setting.layers[0]!, setting.layers.at(-1)!]
  if (fewest === most) return []
  return curve(setting, model, most).flatMap((point): FigurePoint[] => {
    const x = numberOf(point, 'lengthBp')
    const below = curve(setting, model, fewest).find(p => numberOf(p, 'lengthBp') === x)
    const [much, little] = [measured(point, measure), measured(below, measure)]
    if (!much || !little) return point.state === 'done' ? [] : [{ x, y: 0, missing: stateText(point) }]
    const of = (a: number, b: number) => perLayer(a, b, most - fewest)
    const y = of(much.median, little.median)
    if (y <= 0) return [{ x, y: 0, missing: 'below the noise' }]
    const bars = much.n > 1 || little.n > 1 ? { lower: Math.max(y / 10, of(much.lower, little.upper)), upper: of(much.upper, little.lower) } : {} // biome-ignore format: one thought
    return [{ x, y, ...bars }]
  })
}

export const layerCosts = (setting: LengthSetting, model: string, measure: LengthMeasure): readonly CostAt[] =>
  layerPoints(setting, model, measure).flatMap((p): CostAt[] => {
    if (p.missing === undefined) return [{ x: p.x, cost: p.y }]
    return p.missing === stateText({ state: WANTING[measure] }) ? [{ x: p.x, cost: null }] : []
  })
