import { dividedCost, overallFactor, type TrainingCost } from '../overallFactor.ts'
import type { FigureSeries, GridFigure, LabTable, LineFigure } from '../page.ts'
import type { PageBuilder } from '../pages.ts'
import type { LabPoint, LabResult } from '../result.ts'
import { checkValues } from './checkValues.ts'
import { lowRankAnswer, lowRankClaims } from './lowRankClaims.ts'
import {
  FORMS,
  type Form,
  JOBS,
  type Job,
  type LowRankMeasure,
  type LowRankPoints,
  lowRankPoints,
} from './lowRankPoints.ts'
import {
  BUSY_WORDS,
  figurePoint,
  machineName,
  measured,
  numberOf,
  perResult,
  ratioText,
  resultNotes,
  spreadText,
  stateText,
} from './measured.ts'
import { BASE_COST, PRE_TRAINING, THESIS, THESIS_FACTORS } from './publishedLowRank.ts'

const MEASURES = [
  { measure: 'seconds', format: 'seconds', noun: 'Time', gain: 'Speed-up' },
  { measure: 'peakBytes', format: 'bytes', noun: 'Peak memory', gain: 'Memory of the transformer by that' },
] as const
const JOB_NAMES: Readonly<Record<Job, string>> = { training: 'forward and backward', inference: 'inference' }

/** Low-rank encoders against the transformer: figures 3.4 to 3.7, equation 3.10 and Table 3.2 of the Greenformers thesis, done again. */
export const lowRankPage: PageBuilder = results => {
  checkValues(results, [['tokens'], ['rank'], ['batch']])
  const [first] = results
  const points = lowRankPoints(first)
  return {
    question: 'At which length and rank do the low-rank transformer and Linformer pay in time, memory and size?',
    answer: lowRankAnswer(points),
    verdicts: [...lowRankClaims(points), factorVerdict(points)],
    figures: [
      ...FORMS.flatMap(({ model }) => JOBS.flatMap(job => MEASURES.map(m => gainGrid(points, model, job, m)))),
      ...MEASURES.flatMap(m => JOBS.map(job => costFigure(results, job, m))),
      sizeFigure(results),
      factorFigure(results),
    ],
    tables: [costTable(points), pointTable(first, points)],
    notes: resultNotes(results),
  }
}

const text = (n: number) => n.toLocaleString('en-US')

function gainGrid(points: LowRankPoints, model: Form, job: Job, m: (typeof MEASURES)[number]): GridFigure {
  const { lengths, ranks } = points
  const form = FORMS.find(f => f.model === model)!
  const missing: Record<number, string> = {}
  const values = ranks.toReversed().flatMap((rank, row) =>
    lengths.map((tokens, column) => {
      const gain = points.gain(m.measure, model, job, tokens, rank)
      if (gain !== undefined) return gain
      const [full, own] = [points.transformer(job, tokens), points.of(model, job, tokens, rank)]
      const state = own && own.state !== 'done' ? own : full
      missing[row * lengths.length + column] = state && state.state !== 'done' ? stateText(state) : 'not measured'
      return null
    }),
  )
  return {
    kind: 'grid',
    id: `low-rank-${m.measure}-${model}-${job}`,
    title: m.measure === 'seconds' ? `Speed-up of ${form.name} in ${JOB_NAMES[job]}` : `Memory of the transformer by that of ${form.name} in ${JOB_NAMES[job]}`, // biome-ignore format: one line
    rows: { label: `Rank ${form.letter}`, names: ranks.toReversed().map(text) },
    columns: { label: 'Length n (tokens)', names: lengths.map(text) },
    values,
    missing,
    colours: 'diverging-ratio',
    format: 'ratio',
  }
}

/** Time per 1,000 tokens, since batches differ between lengths; memory of the batch as it is. */
function costFigure(results: Parameters<PageBuilder>[0], job: Job, m: (typeof MEASURES)[number]): LineFigure {
  const point = (p: LabPoint) => {
    const perThousand = m.measure === 'seconds' ? (numberOf(p, 'batch') * numberOf(p, 'tokens')) / 1000 : 1
    return figurePoint(p, numberOf(p, 'tokens'), m.measure, perThousand)
  }
  const seriesOf = (result: LabResult): FigureSeries[] => {
    const points = lowRankPoints(result)
    const along = (at: (tokens: number) => LabPoint | undefined) => points.lengths.flatMap(n => at(n) ?? []).map(point)
    return [
      { name: 'transformer', group: 'transformer', points: along(n => points.transformer(job, n)) },
      ...FORMS.flatMap(({ model, name, letter }) =>
        points.ranks.map((rank, i) => ({
          name: `${name}, ${letter} = ${rank}`,
          group: model,
          style: i === 0 ? ('line' as const) : ('dashed' as const),
          points: along(n => points.of(model, job, n, rank)),
        })),
      ),
    ]
  }
  return {
    kind: 'lines',
    id: `low-rank-cost-${m.measure}-${job}`,
    title: `${m.noun} of ${JOB_NAMES[job]} against length`,
    x: { label: 'Length n (tokens)', scale: 'log', format: 'number', ticks: lowRankPoints(results[0]).lengths },
    y: { label: m.measure === 'seconds' ? 'Time per 1,000 tokens (s)' : 'Peak memory of the batch', scale: 'log', format: m.format }, // biome-ignore format: one axis
    series: perResult(results, seriesOf),
    marks: [],
  }
}

function sizeFigure([first]: Parameters<PageBuilder>[0]): LineFigure {
  const points = lowRankPoints(first)
  const { ranks, lengths } = points
  const size = (p: LabPoint | undefined) => measured(p, 'parameters')?.median
  const along = (model: Form, tokens: number) =>
    ranks.flatMap(rank => {
      const y = JOBS.flatMap(job => size(points.of(model, job, tokens, rank)) ?? [])[0]
      return y === undefined ? [] : [{ x: rank, y }]
    })
  const full = JOBS.flatMap(job => lengths.flatMap(n => size(points.transformer(job, n)) ?? []))[0]
  const ends = [...new Set([lengths[0], lengths.at(-1)])].filter(n => n !== undefined)
  const series: FigureSeries[] = [
    ...(full === undefined ? [] : [{ name: 'transformer', group: 'transformer', style: 'dashed' as const, points: ranks.map(x => ({ x, y: full })) }]), // biome-ignore format: one series
    ...(lengths[0] === undefined ? [] : [{ name: 'LRT', group: 'lrt', points: along('lrt', lengths[0]) }]),
    ...ends.map((n, i) => ({ name: `Linformer, n = ${text(n)}`, group: 'linformer', style: i === 0 ? ('line' as const) : ('dashed' as const), points: along('linformer', n) })), // biome-ignore format: one series
  ]
  return {
    kind: 'lines',
    id: 'low-rank-parameters',
    title: 'Parameters of the encoder against rank',
    x: { label: 'Rank r, k', scale: 'log', format: 'number', ticks: ranks },
    y: { label: 'Parameters', scale: 'log', format: 'number' },
    series: series.filter(s => s.points.length > 0),
    marks: [],
  }
}

/** Equation 3.10 with the measured speed-ups of training; undefined where a length of it is not measured. */
export function measuredFactor(points: LowRankPoints, model: Form, rank: number): number | undefined {
  const shares = PRE_TRAINING.flatMap(({ tokens, share }) => {
    const speedUp = points.gain('seconds', model, 'training', tokens, rank)
    return speedUp === undefined ? [] : [{ share, speedUp }]
  })
  return shares.length === PRE_TRAINING.length ? overallFactor(shares) : undefined
}

function factorFigure(results: Parameters<PageBuilder>[0]): LineFigure {
  const measuredSeries = perResult(results, result => {
    const points = lowRankPoints(result)
    return FORMS.map(({ model, name }) => ({
      name,
      group: model,
      points: points.ranks.flatMap(rank => {
        const y = measuredFactor(points, model, rank)
        return y === undefined ? [] : [{ x: rank, y }]
      }),
    }))
  })
  // The first group of every figure is the transformer: colours mean the same in all of them.
  const none = { name: 'transformer', group: 'transformer', style: 'level' as const, points: [{ x: lowRankPoints(results[0]).ranks[0] ?? 1, y: 1 }] } // biome-ignore format: one series
  const published = { name: 'LRT', group: 'lrt', style: 'dashed' as const, from: THESIS, points: THESIS_FACTORS.map(({ rank, factor }) => ({ x: rank, y: factor })) } // biome-ignore format: one series
  return {
    kind: 'lines',
    id: 'low-rank-factor',
    title: 'Overall factor of BERT pre-training, 0.9 · E at n 128 + 0.1 · E at n 512 (equation 3.10)',
    x: { label: 'Rank r, k', scale: 'log', format: 'number', ticks: lowRankPoints(results[0]).ranks },
    y: { label: 'Times as fast as the transformer', scale: 'log', format: 'ratio' },
    series: [none, ...measuredSeries, published],
    marks: [],
  }
}

function factorVerdict(points: LowRankPoints) {
  const found = points.ranks.flatMap(rank => {
    const factor = measuredFactor(points, 'lrt', rank)
    return factor === undefined ? [] : [{ rank, factor }]
  })
  if (found.length === 0)
    return { tone: 'open', text: 'The overall factor of equation 3.10 needs training at 128 and 512 tokens: not measured here.' } as const // biome-ignore format: one sentence
  const isBusyAt = (rank: number) => PRE_TRAINING.some(({ tokens }) => points.disturbed('seconds', points.transformer('training', tokens), points.of('lrt', 'training', tokens, rank))) // biome-ignore format: one thought
  const told = found.map(({ rank, factor }) => {
    const thesis = THESIS_FACTORS.find(t => t.rank === rank)
    return `r ${rank}: ${ratioText(factor)}${thesis ? ` (thesis ${ratioText(thesis.factor)})` : ''}${isBusyAt(rank) ? `, ${BUSY_WORDS}: not judged` : ''}` // biome-ignore format: one thought
  })
  const quiet = found.filter(({ rank }) => !isBusyAt(rank))
  const wins = quiet.every(f => f.factor > 1)
  return { tone: quiet.length === 0 ? 'open' : wins ? 'good' : 'bad', text: `BERT pre-training as LRT would be as many times as fast here, by equation 3.10: ${told.join('; ')}.` } as const // biome-ignore format: one sentence
}

const costCells = ({ petaflopDays, dollars, carbonKg }: TrainingCost) => [
  petaflopDays.toFixed(2),
  `${text(Math.round(dollars[0]))} - ${text(Math.round(dollars[1]))}`,
  carbonKg.toFixed(1),
]

/** Table 3.2: the thesis' rows and ours, every cost the base divided by the factor. */
export function costTable(points: LowRankPoints): LabTable {
  const thesis = THESIS_FACTORS.map(({ rank, factor }) => ['LRT, thesis', String(rank), factor.toFixed(2), ...costCells(dividedCost(BASE_COST, factor))]) // biome-ignore format: one row
  const ours = FORMS.flatMap(({ model, name }) =>
    points.ranks.toReversed().flatMap(rank => {
      const factor = measuredFactor(points, model, rank)
      return factor === undefined ? [] : [[`${name}, here`, String(rank), factor.toFixed(2), ...costCells(dividedCost(BASE_COST, factor))]] // biome-ignore format: one row
    }),
  )
  return {
    id: 'low-rank-costs',
    title: 'Cost of BERT-base pre-training (Table 3.2)',
    columns: [
      { name: 'model', align: 'left' },
      ...['rank', 'overall factor', 'petaflop/s-days', 'USD', 'CO2 (kg)'].map(name => ({
        name,
        align: 'right' as const,
      })),
    ],
    rows: [['BERT-base', '-', '1.00', ...costCells(BASE_COST)], ...thesis, ...ours],
    notes: [
      `Thesis: ${THESIS}. Base costs are its own; each cost is the base divided by the factor, for the same number of steps.`,
      'Ours is what the factor measured on this machine would make of the same base: a calculation, not a training.',
    ],
  }
}

function pointTable(result: LabResult, points: LowRankPoints): LabTable {
  const right = (name: string) => ({ name, align: 'right' }) as const
  const row = (job: Job, tokens: number, name: string, rank: number | undefined, p: LabPoint, gain: (m: LowRankMeasure) => number | undefined) => [
    job, text(tokens), name, rank === undefined ? '-' : String(rank), String(p.factors['batch'] ?? '-'),
    p.state === 'done' ? spreadText(measured(p, 'seconds'), 'seconds') : stateText(p),
    spreadText(measured(p, 'peakBytes'), 'bytes'),
    measured(p, 'parameters') ? text(measured(p, 'parameters')!.median) : '-',
    ratioText(gain('seconds')), ratioText(gain('peakBytes')),
  ] // biome-ignore format: one row
  return {
    id: 'low-rank-points',
    title: `Every point, ${machineName(result)}, ${result.machine.device}`,
    columns: [
      { name: 'job', align: 'left' },
      right('n'),
      { name: 'model', align: 'left' },
      ...['rank', 'batch', 'time (quartiles)', 'peak memory', 'parameters', 'speed-up', 'memory ratio'].map(right),
    ],
    rows: JOBS.flatMap(job =>
      points.lengths.flatMap(tokens => {
        const full = points.transformer(job, tokens)
        const one = (): undefined => undefined
        return [
          ...(full ? [row(job, tokens, 'transformer', undefined, full, one)] : []),
          ...FORMS.flatMap(({ model, name }) =>
            points.ranks.flatMap(rank => {
              const p = points.of(model, job, tokens, rank)
              return p ? [row(job, tokens, name, rank, p, m => points.gain(m, model, job, tokens, rank))] : []
            }),
          ),
        ]
      }),
    ),
    notes: ['Speed-up and memory ratio: the transformer by the model, at the same length and batch.'],
  }
}
