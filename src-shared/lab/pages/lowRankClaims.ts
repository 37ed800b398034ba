import { valueText } from '../../report/labNumbers.ts'
import { type LabPage, type PageAnswer, toneOfAll } from '../page.ts'
import { FORMS, type Form, JOBS, type Job, type LowRankMeasure, type LowRankPoints } from './lowRankPoints.ts'
import { BUSY_WORDS, measured, ratioText } from './measured.ts'

type Verdict = LabPage['verdicts'][number]

/** One number that a claim is judged by; `gain` above 1 is for the claim. */
interface Cell {
  readonly where: string
  readonly gain: number
  /** Times of a busy machine: not judged. */
  readonly busy: boolean
}

/** `holds` where every cell is for it; a cell within 2 % of 1 is no win. */
const EVEN = 1.02

function judged(claim: string, all: readonly Cell[]): Verdict {
  const cells = all.filter(c => !c.busy)
  const left = all.length - cells.length
  if (all.length === 0) return { tone: 'open', text: `${claim}: not measured here.` }
  if (cells.length === 0) return { tone: 'open', text: `${claim}: measured only ${BUSY_WORDS}, which says little of times.` } // biome-ignore format: one thought
  const without = left > 0 ? ` ${left} more, measured ${BUSY_WORDS}, ${left === 1 ? 'is' : 'are'} not counted.` : ''
  const against = cells.filter(c => c.gain < EVEN).toSorted((a, b) => a.gain - b.gain)
  const gains = cells.map(c => c.gain)
  const span = `${ratioText(Math.min(...gains))} to ${ratioText(Math.max(...gains))}`
  if (against.length === 0) return { tone: 'good', text: `${claim}: holds here in ${cells.length === 1 ? 'the one case' : `all ${cells.length} cases`} (${span}).${without}` } // biome-ignore format: one sentence
  const examples = against.slice(0, 3).map(c => `${c.where}: ${ratioText(c.gain)}`).join('; ') // biome-ignore format: one thought
  return {
    tone: 'bad',
    text: `${claim}: does not hold here in ${against.length} of ${cells.length} cases (${span}), worst ${examples}.${without}`,
  }
}

/** Where each of the two pays, over all lengths, ranks and jobs that were measured on a quiet machine. */
export function lowRankAnswer(points: LowRankPoints): PageAnswer | null {
  const told = FORMS.flatMap(({ model, name, letter }) => {
    const [faster, smaller] = (['seconds', 'peakBytes'] as const).map(measure =>
      payText(points, model, measure, letter),
    )
    return faster && smaller ? [{ text: `${name} is faster than the transformer ${faster.text}, and smaller ${smaller.text}`, tones: [...faster.tones, ...smaller.tones] }] : [] // biome-ignore format: one sentence
  })
  if (told.length === 0) return null
  return { tone: toneOfAll(told.flatMap(t => t.tones)), text: `${told.map(t => t.text).join('; ')}.` }
}

function payText(points: LowRankPoints, model: Form, measure: LowRankMeasure, letter: string) {
  const { lengths, ranks } = points
  const all = JOBS.flatMap(job =>
    lengths.flatMap(n =>
      ranks.flatMap(rank => {
        const gain = points.gain(measure, model, job, n, rank)
        const busy = points.disturbed(measure, points.transformer(job, n), points.of(model, job, n, rank))
        return gain === undefined ? [] : [{ n, rank, gain, busy }]
      }),
    ),
  )
  if (all.length === 0) return undefined
  const cells = all.filter(c => !c.busy)
  if (cells.length === 0) return { tones: ['open'], text: `or not: all of it was measured ${BUSY_WORDS}` } as const
  const wins = cells.filter(c => c.gain >= EVEN).length
  const gains = cells.map(c => c.gain)
  const [least, most] = [ratioText(Math.min(...gains)), ratioText(Math.max(...gains))]
  const span = least === most ? least : `${least} to ${most}`
  if (wins === cells.length) return { tones: ['good'], text: `at every length and rank measured (${span})` } as const
  if (wins === 0)
    return { tones: [cells.some(c => c.gain <= 1 / EVEN) ? 'bad' : 'open'], text: `nowhere (${span})` } as const
  // A place is named only where it was measured itself, on a quiet machine.
  const from = lengths.find(n => cells.some(c => c.n === n) && cells.every(c => c.n < n || c.gain >= EVEN))
  const upTo = ranks.findLast(
    rank => cells.some(c => c.rank === rank) && cells.every(c => c.rank > rank || c.gain >= EVEN),
  )
  const where = from !== undefined ? `, at every rank from n = ${from.toLocaleString('en-US')} on` : upTo !== undefined ? `, at every length up to ${letter} = ${upTo}` : '' // biome-ignore format: one thought
  return { tones: ['good', cells.some(c => c.gain <= 1 / EVEN) ? 'bad' : 'open'], text: `in ${wins} of ${cells.length} cases (${span})${where}` } as const // biome-ignore format: one thought
}

/** The claims of chapter 3 of the thesis, each against what was measured. */
export function lowRankClaims(points: LowRankPoints): readonly Verdict[] {
  const { lengths, ranks } = points
  const gains = (model: Form, measure: LowRankMeasure, jobs: readonly Job[], n: (n: number) => boolean, r: (r: number) => boolean = () => true) =>
    jobs.flatMap(job =>
      lengths.filter(n).flatMap(tokens =>
        ranks.filter(r).flatMap(rank => {
          const gain = points.gain(measure, model, job, tokens, rank)
          const busy = points.disturbed(measure, points.transformer(job, tokens), points.of(model, job, tokens, rank))
          return gain === undefined ? [] : [{ where: placeOf(job, tokens, rank), gain, busy }]
        }),
      ),
    ) // biome-ignore format: one chain
  /** LRT's cost by Linformer's at equal rank: above 1 where Linformer is less. */
  const between = (measure: LowRankMeasure, job: Job, tokens: number, better: Form): Cell[] =>
    ranks.flatMap(rank => {
      const two = FORMS.map(f => points.of(f.model, job, tokens, rank))
      const [lrt, linformer] = two.map(p => measured(p, measure)?.median)
      if (!lrt || !linformer) return []
      return [{ where: placeOf(job, tokens, rank), gain: better === 'lrt' ? linformer / lrt : lrt / linformer, busy: points.disturbed(measure, ...two) }] // biome-ignore format: one line
    })
  const faster = (better: Form, n: (n: number) => boolean) =>
    lengths.filter(n).flatMap(tokens => JOBS.flatMap(job => between('seconds', job, tokens, better)))
  const memory = gains('lrt', 'peakBytes', JOBS, n => n <= 512, r => r <= 128) // biome-ignore format: one line
  const share = memory.length > 0 ? memory.reduce((sum, c) => sum + 1 / c.gain, 0) / memory.length : undefined
  return [
    judged('LRT is faster than the transformer for n ≤ 512 and r ≤ 128', gains('lrt', 'seconds', JOBS, n => n <= 512, r => r <= 128)), // biome-ignore format: one line
    share === undefined
      ? { tone: 'open', text: 'LRT needs about 50 % of the memory for n ≤ 512 and r ≤ 128: not measured here.' }
      : {
          tone: share <= 0.6 ? 'good' : 'bad',
          text: `LRT needs about 50 % of the memory for n ≤ 512 and r ≤ 128: here ${valueText(share, 'percent')} on average over training and inference, the runtime itself included, so it ${share <= 0.6 ? 'holds' : 'does not hold'}.`,
        },
    judged('Linformer is faster than the transformer from n = 256 on', gains('linformer', 'seconds', JOBS, n => n >= 256)), // biome-ignore format: one line
    growth(points),
    judged(
      'LRT is faster than Linformer for n ≤ 256, at equal rank',
      faster('lrt', n => n <= 256),
    ),
    judged(
      'Linformer is faster than LRT for n ≥ 1,024, at equal rank',
      faster('linformer', n => n >= 1024),
    ),
    judged('At n = 512 LRT trains faster than Linformer', between('seconds', 'training', 512, 'lrt')),
    judged('At n = 512 Linformer needs less memory in training than LRT', between('peakBytes', 'training', 512, 'linformer')), // biome-ignore format: one line
    judged('At n = 512 Linformer predicts faster than LRT', between('seconds', 'inference', 512, 'linformer')),
    judged('At n = 512 LRT needs less memory in inference than Linformer', between('peakBytes', 'inference', 512, 'lrt')), // biome-ignore format: one line
    ...parameterClaims(points),
  ]
}

const placeOf = (job: Job, tokens: number, rank: number) => `${job}, n ${tokens.toLocaleString('en-US')}, rank ${rank}`

/** Whether Linformer's speed-up rises from each length to the next, averaged over the ranks and jobs that every length has. */
function growth({ lengths, ranks, gain, disturbed, of, transformer }: LowRankPoints): Verdict {
  const at = (job: Job, tokens: number, rank: number) =>
    disturbed('seconds', transformer(job, tokens), of('linformer', job, tokens, rank)) ? undefined : gain('seconds', 'linformer', job, tokens, rank) // biome-ignore format: one thought
  // A length at which nothing is known is left out; of the others only what all of them have is averaged.
  const known = lengths.filter(n => JOBS.some(job => ranks.some(rank => at(job, n, rank) !== undefined)))
  const shared = JOBS.flatMap(job => ranks.flatMap(rank => (known.every(n => at(job, n, rank) !== undefined) ? [{ job, rank }] : []))) // biome-ignore format: one thought
  const means = known.flatMap(tokens => {
    const all = shared.flatMap(({ job, rank }) => at(job, tokens, rank) ?? [])
    return all.length > 0 ? [{ tokens, mean: Math.exp(all.reduce((s, g) => s + Math.log(g), 0) / all.length) }] : []
  })
  const claim = "Linformer's speed-up grows with the length"
  if (means.length < 2) return { tone: 'open', text: `${claim}: not measured here.` }
  const told = means.map(m => `${m.tokens.toLocaleString('en-US')}: ${ratioText(m.mean)}`).join(', ')
  const rises = means.every((m, i) => i === 0 || m.mean > means[i - 1]!.mean)
  return { tone: rises ? 'good' : 'bad', text: `${claim}: ${rises ? 'holds' : 'does not hold at every step'} here (geometric mean over ${shared.length} pairs of rank and job that every length has; ${told}).` } // biome-ignore format: one sentence
}

function parameterClaims({ lengths, ranks, transformer, of }: LowRankPoints): readonly Verdict[] {
  const sizeOf = (model: Form, tokens: number, rank: number) =>
    JOBS.flatMap(job => measured(of(model, job, tokens, rank), 'parameters')?.median ?? [])[0]
  const full = JOBS.flatMap(job => lengths.flatMap(n => measured(transformer(job, n), 'parameters')?.median ?? []))[0]
  const larger = lengths.flatMap(tokens =>
    ranks.flatMap(rank => {
      const size = sizeOf('linformer', tokens, rank)
      return size && full ? [{ gain: size / full }] : []
    }),
  )
  // More parameters by a hair are more: no allowance for noise in a count.
  const smaller = larger.filter(c => c.gain <= 1)
  const linformer: Verdict =
    larger.length === 0
      ? { tone: 'open', text: 'Linformer has more parameters than the transformer: not counted here.' }
      : { tone: smaller.length === 0 ? 'good' : 'bad', text: `Linformer has more parameters than the transformer: ${smaller.length === 0 ? 'holds' : 'does not hold'} here (${valueText(Math.min(...larger.map(c => c.gain)) - 1, 'percent')} to ${valueText(Math.max(...larger.map(c => c.gain)) - 1, 'percent')} more).` } // biome-ignore format: one sentence
  const sizes = ranks.flatMap(rank => {
    const size = sizeOf('lrt', lengths[0] ?? 0, rank)
    return size ? [{ rank, size }] : []
  })
  return [linformer, linear(sizes, full)]
}

/** Equal steps of rank add equally many parameters. */
function linear(sizes: readonly { rank: number; size: number }[], full: number | undefined): Verdict {
  const claim = "LRT's size falls linearly with r"
  const slopes = sizes.slice(1).map((s, i) => (s.size - sizes[i]!.size) / (s.rank - sizes[i]!.rank))
  if (slopes.length < 2 || full === undefined) return { tone: 'open', text: `${claim}: not counted here.` }
  const same = slopes.every(s => Math.abs(s / slopes[0]! - 1) < 1e-9)
  const span = sizes.map(s => `r ${s.rank}: ${ratioText(full / s.size)}`).join(', ')
  return { tone: same ? 'good' : 'bad', text: `${claim}: ${same ? 'holds' : 'does not hold'} here, ${slopes[0]!.toLocaleString('en-US')} parameters a unit of rank; the transformer is larger by ${span}.` } // biome-ignore format: one sentence
}
