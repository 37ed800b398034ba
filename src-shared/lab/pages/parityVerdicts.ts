import { type LabPage, type PageAnswer, toneOfAll } from '../page.ts'
import type { LabPoint, LabResult } from '../result.ts'
import { having, measured } from './measured.ts'

type Verdict = LabPage['verdicts'][number]

/** Below this part of the best network's r, a training is taken for failed, and its pair says nothing of attention. */
const LEARNED = 0.8
/** A network below this r has learned too little for its attention to matter. */
const LEAST_R = 0.2
/** Differences of r below this are called none. */
const EQUAL = 0.005

const names = (points: readonly LabPoint[], factor: string): readonly string[] => [
  ...new Set(points.flatMap(p => (p.factors[factor] === undefined ? [] : [String(p.factors[factor])]))),
]
const r3 = (value: number) => value.toFixed(3)
const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`

interface Pair {
  readonly name: string
  readonly full: number
  readonly sparse: number
  readonly interval: readonly [number, number] | undefined
  readonly learned: boolean
}

/** Sentences on each pair, then on each track type over the pairs that learned, then on pooled r, which is another metric. */
export function parityVerdicts(result: LabResult): readonly Verdict[] {
  const pairs = pairsOf(result.points)
  if (pairs.length === 0)
    return [{ tone: 'open', text: 'No pair of a full and a sparse network has been judged so far.' }]
  const learned = pairs.filter(p => p.learned)
  const types = names(having(result.points, { metric: 'pearson_per_track' }), 'type').filter(t => t !== 'all')
  return [
    ...pairs.map(pairVerdict),
    ...types.flatMap(type => typeVerdict(result.points, type, learned)),
    ...types.flatMap(type => pooledVerdict(result.points, type, learned)),
  ]
}

/** The pairs that learned, together: r per track, and in how many the difference is beyond chance. */
export function parityAnswer({ points }: LabResult): PageAnswer | null {
  const pairs = pairsOf(points)
  const learned = pairs.filter(p => p.learned)
  if (pairs.length === 0) return null
  if (learned.length === 0) return { tone: 'open', text: `No network of the ${pairs.length} ${pairs.length === 1 ? 'pair' : 'pairs'} has learned enough to tell.` } // biome-ignore format: one sentence
  const mean = (of: (p: Pair) => number) => learned.reduce((sum, p) => sum + of(p), 0) / learned.length
  const difference = mean(p => p.sparse - p.full)
  const tones = learned.map(p => pairVerdict(p).tone)
  const shown = tones.filter(t => t !== 'open').length
  const over = `${learned.length} ${learned.length === 1 ? 'pair' : 'pairs'} of networks that learned`
  const values = `r per track ${r3(mean(p => p.sparse))} of sparse attention against ${r3(mean(p => p.full))} of full (${signed(difference)}${learned.length === 1 ? '' : ', means'})` // biome-ignore format: one thought
  const found = shown === 0 ? 'no difference is shown' : `a difference is shown in ${shown}: sparse attention ${[...new Set(tones)].flatMap(t => (t === 'good' ? ['predicts better'] : t === 'bad' ? ['loses'] : [])).join(', and ')}` // biome-ignore format: one thought
  return { tone: toneOfAll(tones), text: `Over ${over}, ${found}: ${values}.` } // biome-ignore format: one sentence
}

function pairsOf(points: readonly LabPoint[]): readonly Pair[] {
  const mean = (pair: string, model: string) =>
    measured(having(points, { pair, model, type: 'all', metric: 'pearson_per_track' })[0], 'r')?.median
  const found = names(points, 'pair').flatMap(name => {
    const [full, sparse] = [mean(name, 'full'), mean(name, 'sparse')]
    if (full === undefined || sparse === undefined) return []
    const difference = having(points, { pair: name, metric: 'difference_per_track' })[0]
    const [low, high] = [measured(difference, 'low95')?.median, measured(difference, 'high95')?.median]
    const interval = low === undefined || high === undefined ? undefined : ([low, high] as const)
    return [{ name, full, sparse, interval }]
  })
  const best = Math.max(...found.map(p => Math.max(p.full, p.sparse)))
  return found.map(p => ({ ...p, learned: Math.min(p.full, p.sparse) >= Math.max(LEARNED * best, LEAST_R) }))
}

function pairVerdict({ name, full, sparse, interval, learned }: Pair): Verdict {
  const numbers = `r per track ${r3(sparse)} against ${r3(full)} (${signed(sparse - full)}${interval ? `, 95 % of resampled windows ${signed(interval[0])} to ${signed(interval[1])}` : ''})` // biome-ignore format: one sentence
  if (!learned) return { tone: 'open', text: `${name}: a network has learned too little (its r is below ${LEAST_R}, or below ${LEARNED} of the best): ${numbers}, which says nothing of attention.` } // biome-ignore format: one thought
  if (interval && interval[0] > 0)
    return { tone: 'good', text: `${name}: sparse attention predicts better: ${numbers}.` }
  if (interval && interval[1] < 0) return { tone: 'bad', text: `${name}: sparse attention loses: ${numbers}.` }
  return { tone: 'open', text: `${name}: no difference is shown: ${numbers}.` }
}

function typeVerdict(points: readonly LabPoint[], type: string, pairs: readonly Pair[]): Verdict[] {
  const both = pairs.flatMap(({ name }) => {
    const of = (model: string) =>
      measured(having(points, { pair: name, model, type, metric: 'pearson_per_track' }).find(p => p.factors['track'] === undefined), 'r')?.median // biome-ignore format: one thought
    const [full, sparse] = [of('full'), of('sparse')]
    return full === undefined || sparse === undefined ? [] : [{ full, sparse }]
  })
  if (both.length === 0) return []
  const mean = (of: (p: { full: number; sparse: number }) => number) => both.reduce((sum, p) => sum + of(p), 0) / both.length // biome-ignore format: one line
  const difference = mean(p => p.sparse - p.full)
  const behind = both.filter(p => p.sparse < p.full).length
  const values = `${r3(mean(p => p.sparse))} against ${r3(mean(p => p.full))}`
  const numbers =
    both.length === 1
      ? `${values} (${signed(difference)}) in the one pair, which does not tell the chance of a training`
      : `${values} on average (${signed(difference)}), behind in ${behind} of ${both.length} pairs`
  if (Math.abs(difference) < EQUAL) return [{ tone: 'open', text: `${type}, r per track: both are equal within ${EQUAL}: ${numbers}.` }] // biome-ignore format: one thought
  if (both.length === 1) return [{ tone: 'open', text: `${type}, r per track: ${numbers}.` }]
  return difference < 0
    ? [{ tone: 'bad', text: `${type}, r per track: sparse attention loses: ${numbers}.` }]
    : [{ tone: 'good', text: `${type}, r per track: sparse attention wins: ${numbers}.` }]
}

function pooledVerdict(points: readonly LabPoint[], type: string, pairs: readonly Pair[]): Verdict[] {
  const shares = pairs.flatMap(({ name }) => {
    const point = having(points, { pair: name, type, metric: 'pearson_pooled' }).find(p => p.factors['window'] === undefined) // biome-ignore format: one thought
    const [share, windows] = [measured(point, 'sparseAtLeastShare')?.median, measured(point, 'fullPooled')?.n]
    return share === undefined || windows === undefined ? [] : [{ share, windows }]
  })
  if (shares.length === 0) return []
  const windows = shares.reduce((sum, s) => sum + s.windows, 0)
  const won = Math.round(shares.reduce((sum, s) => sum + s.share * s.windows, 0))
  const text = `${type}, pooled r: sparse attention is at least as good in ${won} of ${windows} windows (${((100 * won) / windows).toFixed(0)} %)` // biome-ignore format: one sentence
  // Sign test of each pair: n fair coins lie within √n of half on 95 of 100 occasions. Not of all together: pairs see the same windows.
  const sides = shares.map(s => { const beyond = s.share * s.windows - s.windows / 2; return Math.abs(beyond) <= Math.sqrt(s.windows) ? 0 : Math.sign(beyond) }) // biome-ignore format: one thought
  if (sides.every(side => side === 0)) return [{ tone: 'open', text: `${text}, which chance alone could give.` }]
  const [wins, losses] = [1, -1].map(side => sides.filter(s => s === side).length)
  if (new Set(sides).size > 1) return [{ tone: 'open', text: `${text}; pair by pair it wins in ${wins} and loses in ${losses} of ${sides.length}, beyond chance.` }] // biome-ignore format: one sentence
  return sides[0] === -1 ? [{ tone: 'bad', text: `${text}: it loses in most.` }] : [{ tone: 'good', text: `${text}.` }]
}
