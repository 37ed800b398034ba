import type { FigurePoint, LabPage, LabTable, LineFigure } from '../page.ts'
import { BUSY_SHARE, type ExperimentName, type LabPoint, type LabResult } from '../result.ts'

/** What the planner is held to: 30 % of the time and 25 % of the memory, on the held-out half. */
export const BOUNDS = { seconds: 0.3, peakBytes: 0.25 } as const
type Quantity = keyof typeof BOUNDS

const QUANTITIES = [
  { quantity: 'seconds', noun: 'Time', format: 'seconds', unit: 'time of a run [s]' },
  { quantity: 'peakBytes', noun: 'Peak memory', format: 'bytes', unit: 'peak memory [bytes]' },
] as const

/** Points that were predicted and measured, of all results together. */
interface Pair {
  readonly experiment: ExperimentName
  readonly half: Half
  readonly busy: boolean
  readonly predicted: number
  readonly measured: number
}
type Half = 'first' | 'held-out'

/** FNV-1a of 32 bits: which half a point belongs to never changes, whatever the order of results. */
export function halfOf(pointId: string): Half {
  let hash = 0x811c9dc5
  for (let i = 0; i < pointId.length; i++) hash = Math.imul(hash ^ pointId.charCodeAt(i), 0x01000193) >>> 0
  // The low bit of FNV-1a follows that of the characters alone.
  return (hash ^ (hash >>> 16)) & 1 ? 'held-out' : 'first'
}

/** How near the planner's word was: predicted against measured, of every point of these results that has both. */
export function accuracyPage(results: readonly LabResult[]): LabPage {
  const pairs = { seconds: pairsOf(results, 'seconds'), peakBytes: pairsOf(results, 'peakBytes') }
  return {
    question: 'How near are the time and memory that the planner says before a point runs?',
    answer: null,
    verdicts: QUANTITIES.map(({ quantity, noun }) => verdict(noun, quantity, pairs[quantity])),
    figures: QUANTITIES.map(q => figure(q, pairs[q.quantity])),
    tables: QUANTITIES.map(({ quantity, noun }) => table(noun, quantity, pairs[quantity])),
    notes: [
      'Points are halved by a hash of their name: changes of the planner may be tried on the first half, the held-out half judges. The constants of the planner were fitted to graphs measured before, among them inference in tiles of lengths that the experiment on length has too: such points do not judge it independently.', // biome-ignore format: one sentence
      'Planned is a run after warming up. Recipes that warm nothing up time the first run, which takes longer: on the experiment of length all of them that run long networks once. Peak memory of a training of the experiment on accuracy includes a second open session that judges it, which is not planned.', // biome-ignore format: one sentence
      'Compression and sparse parity plan no points, so none of theirs are here.',
      `Points that were measured while others used ${Math.round(100 * BUSY_SHARE)} % of the processor or more are drawn, and not counted: their time is not the machine's.`, // biome-ignore format: one sentence
      'Only points that were predicted from rates measured on their machine are here.',
    ],
  }
}

function pairsOf(results: readonly LabResult[], quantity: Quantity): Pair[] {
  return results.flatMap(({ experiment, points }) =>
    points.flatMap(point => {
      // The experiment on accuracy names what is planned, a training step, by what it is.
      const measured = (point.measures[quantity] ?? (quantity === 'seconds' ? point.measures['trainStepSeconds'] : undefined))?.median // biome-ignore format: one thought
      const predicted = point.predicted?.[quantity]
      if (point.state !== 'done' || !isPositive(measured) || !isPositive(predicted)) return []
      return [{ experiment, half: halfOf(point.id), busy: isBusy(point, quantity), predicted, measured }]
    }),
  )
}

const isPositive = (x: number | undefined): x is number => x !== undefined && Number.isFinite(x) && x > 0

/** Load of others lengthens a run; it takes none of its memory. */
const isBusy = (point: LabPoint, quantity: Quantity): boolean =>
  quantity === 'seconds' && point.foreignLoad >= BUSY_SHARE

interface Summary {
  readonly count: number
  readonly median: number
  readonly p90: number
  /** Share within the bound. */
  readonly within: number
}

/** |predicted / measured - 1| of what was measured undisturbed; quantiles by the nearest rank. */
function summary(pairs: readonly Pair[], bound: number): Summary | undefined {
  const errors = pairs
    .filter(p => !p.busy)
    .map(p => Math.abs(p.predicted / p.measured - 1))
    .sort((a, b) => a - b)
  if (errors.length === 0) return undefined
  const rank = (share: number) => errors[Math.max(0, Math.ceil(share * errors.length) - 1)]!
  return {
    count: errors.length,
    median: rank(0.5),
    p90: rank(0.9),
    within: errors.filter(e => e <= bound).length / errors.length,
  }
}

const percent = (share: number) => `${Math.round(100 * share)} %`

function verdict(noun: string, quantity: Quantity, pairs: readonly Pair[]): LabPage['verdicts'][number] {
  const bound = BOUNDS[quantity]
  const told = summary(pairs.filter(p => p.half === 'held-out'), bound) // biome-ignore format: one line
  if (!told) return { tone: 'open', text: `${noun}: no point of the held-out half was predicted and measured undisturbed.` } // biome-ignore format: one line
  const points = told.count === 1 ? 'the one held-out point' : `${told.count} held-out points`
  return {
    tone: told.median <= bound && told.within >= 0.5 ? 'good' : 'bad',
    text: `${noun}: of ${points}, ${percent(told.within)} lie within ${percent(bound)}; the median error is ${percent(told.median)}, the 90th percentile ${percent(told.p90)}.`, // biome-ignore format: one sentence
  }
}

function figure(q: (typeof QUANTITIES)[number], pairs: readonly Pair[]): LineFigure {
  const point = ({ measured, predicted }: Pair): FigurePoint => ({ x: measured, y: predicted })
  const experiments = [...new Set(pairs.map(p => p.experiment))]
  const series = experiments.flatMap(experiment =>
    (['first', 'held-out'] as const).flatMap(half =>
      [false, true].flatMap(busy => {
        const own = pairs.filter(p => p.experiment === experiment && p.half === half && p.busy === busy)
        if (own.length === 0) return []
        const name = `${experiment}, ${half} half${busy ? ', busy machine' : ''}`
        return [{ name, group: experiment, style: 'points' as const, points: own.map(point), ...(busy ? { from: 'busy machine' } : {}) }] // biome-ignore format: one series
      }),
    ),
  )
  return {
    kind: 'lines',
    id: `accuracy-${q.quantity}`,
    title: `${q.noun}: predicted against measured`,
    x: { label: `measured ${q.unit}`, scale: 'log', format: q.format },
    y: { label: `predicted ${q.unit}`, scale: 'log', format: q.format },
    series,
    marks: [],
    identityBand: BOUNDS[q.quantity],
  }
}

function table(noun: string, quantity: Quantity, pairs: readonly Pair[]): LabTable {
  const bound = BOUNDS[quantity]
  const row = (name: string, own: readonly Pair[]): string[] => {
    const told = summary(own, bound)
    return told
      ? [name, String(told.count), percent(told.median), percent(told.p90), percent(told.within)]
      : [name, '0', '-', '-', '-']
  }
  const experiments = [...new Set(pairs.map(p => p.experiment))]
  return {
    id: `accuracy-${quantity}`,
    title: `${noun}: error of the prediction`,
    columns: [
      { name: 'Points', align: 'left' },
      { name: 'Count', align: 'right' },
      { name: 'Median error', align: 'right' },
      { name: '90th percentile', align: 'right' },
      { name: `Within ${percent(bound)}`, align: 'right' },
    ],
    rows: [
      ...(['first', 'held-out'] as const).map(half => row(`${half} half`, pairs.filter(p => p.half === half))), // biome-ignore format: one line
      ...experiments.map(experiment => row(experiment, pairs.filter(p => p.experiment === experiment))), // biome-ignore format: one line
    ],
    notes: [`Error: how far predicted ÷ measured is from 1. ${pairs.filter(p => p.busy).length} points of a busy machine are left out.`], // biome-ignore format: one note
  }
}
