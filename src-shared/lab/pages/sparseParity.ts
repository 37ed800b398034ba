import { valueText } from '../../report/labNumbers.ts'
import type { FigureSeries, LabTable, LineFigure } from '../page.ts'
import type { PageBuilder } from '../pages.ts'
import type { LabPoint, LabResult } from '../result.ts'
import { checkValues } from './checkValues.ts'
import { having, measured, otherName, perResult, resultNotes, stateText } from './measured.ts'
import { parityAnswer, parityVerdicts } from './parityVerdicts.ts'
import { PARITY_REPORT, PUBLISHED_FIGURE_6, PUBLISHED_FIGURE_8, PUBLISHED_SENTENCES } from './publishedParity.ts'

/** What block-sparse attention loses or wins in accuracy against full attention, beside figures 4 to 6 and 8 of the S-Enformer report. */
export const sparseParityPage: PageBuilder = results => {
  checkValues(results, [['pair'], ['type'], ['metric']])
  return {
    question: 'Does block-sparse attention predict as well as full attention, on the same windows?',
    answer: parityAnswer(results[0]),
    verdicts: parityVerdicts(results[0]),
    figures: [
      scatter('parity-tracks', 'r of each track', 'r per track', perResult(results, trackSeries)),
      scatter('parity-windows', 'Pooled r of each window', 'pooled r', perResult(results, windowSeries)),
    ].filter(f => f.series.length > 0),
    tables: [perTrackTable(results), pooledTable(results), trainingTable(results), fieldTable],
    notes: [...PUBLISHED_SENTENCES, ...resultNotes(results)],
  }
}

const left = (name: string) => ({ name, align: 'left' }) as const
const right = (name: string) => ({ name, align: 'right' }) as const
const r3 = (value: number | undefined): string => (value === undefined ? '-' : value.toFixed(3))
const signed = (value: number | undefined): string => (value === undefined ? '-' : `${value < 0 ? '' : '+'}${value.toFixed(3)}`) // biome-ignore format: one line
const share = (value: number | undefined): string => (value === undefined ? '-' : `${(100 * value).toFixed(1)} %`)

/** Full attention along x, sparse along y: below the line, sparse loses. */
function scatter(id: string, title: string, what: string, series: readonly FigureSeries[]): LineFigure {
  const axis = (model: string) => ({ label: `${model} attention, ${what}`, scale: 'linear', format: 'number' }) as const
  return { kind: 'lines', id, title: `${title}: full against sparse`, x: axis('Full'), y: axis('Sparse'), series, marks: [], identityBand: 0 } // biome-ignore format: one thought
}

const valuesOf = (points: readonly LabPoint[], factor: string): readonly string[] => [
  ...new Set(points.flatMap(p => (p.factors[factor] === undefined ? [] : [String(p.factors[factor])]))),
]

const types = (result: LabResult) => valuesOf(result.points, 'type').filter(t => t !== 'all')

const seriesByType = (result: LabResult, pointsOf: (type: string) => FigureSeries['points']): FigureSeries[] =>
  types(result).map(type => ({ name: type, group: type, style: 'points', points: pointsOf(type) }))

function trackSeries(result: LabResult): FigureSeries[] {
  const all = result.points.filter(p => p.factors['track'] !== undefined)
  return seriesByType(result, type =>
    having(all, { type, model: 'full' }).flatMap(full => {
      const sparse = having(all, { ...full.factors, model: 'sparse' })[0]
      const [x, y] = [measured(full, 'r')?.median, measured(sparse, 'r')?.median]
      return x === undefined || y === undefined ? [] : [{ x, y }]
    }),
  )
}

function windowSeries(result: LabResult): FigureSeries[] {
  const all = result.points.filter(p => p.factors['window'] !== undefined)
  return seriesByType(result, type =>
    having(all, { type }).flatMap(p => {
      const [x, y] = [measured(p, 'fullPooled')?.median, measured(p, 'sparsePooled')?.median]
      return x === undefined || y === undefined ? [] : [{ x, y }]
    }),
  )
}

const from = (result: LabResult, results: readonly LabResult[]) => (result === results[0] ? 'here' : otherName(result, results)) // biome-ignore format: one line

function perTrackTable(results: readonly LabResult[]): LabTable {
  const rows = results.flatMap(result => {
    const points = result.points.filter(p => p.factors['metric'] === 'pearson_per_track' && p.factors['track'] === undefined) // biome-ignore format: one line
    return valuesOf(points, 'pair').flatMap(pair =>
      valuesOf(points, 'type').map(type => {
        const of = (model: string) => having(points, { pair, type, model })[0]
        const [full, sparse] = [of('full'), of('sparse')]
        const [a, b] = [measured(full, 'r')?.median, measured(sparse, 'r')?.median]
        const lost = [full, sparse].find(p => p && p.state !== 'done')
        const difference = type === 'all' ? differenceText(result, pair) : signed(a === undefined || b === undefined ? undefined : b - a) // biome-ignore format: one line
        return [from(result, results), pair, type, r3(a), r3(b), lost ? stateText(lost) : difference]
      }),
    )
  })
  return {
    id: 'parity-per-track',
    title: 'r per track: mean over the tracks of a type',
    columns: [left('Measured'), left('Pair'), left('Type'), right('Full'), right('Sparse'), right('Sparse − full (95 %)')], // biome-ignore format: one line
    rows,
    notes: [
      'One r a track over all bins of all windows, then the mean over tracks. The report gives no value of this metric.',
    ],
  }
}

function differenceText(result: LabResult, pair: string): string {
  const point = having(result.points, { pair, metric: 'difference_per_track' })[0]
  const [d, low, high] = ['r', 'low95', 'high95'].map(name => measured(point, name)?.median)
  return low === undefined || high === undefined ? signed(d) : `${signed(d)} (${signed(low)} to ${signed(high)})`
}

function pooledTable(results: readonly LabResult[]): LabTable {
  const rows = results.flatMap(result =>
    having(result.points, { metric: 'pearson_pooled' })
      .filter(p => p.factors['window'] === undefined)
      .map(p => {
        const of = (name: string) => measured(p, name)?.median
        const windows = measured(p, 'fullPooled')?.n
        return [from(result, results), String(p.factors['pair'] ?? '-'), String(p.factors['type'] ?? '-'), String(windows ?? '-'), r3(of('fullMean')), r3(of('sparseMean')), share(of('sparseAtLeastShare')), r3(of('betweenModels'))] // biome-ignore format: one row
      }),
  )
  const published = PUBLISHED_FIGURE_6.map(p => ['published', 'Enformer, S-Enformer', p.type, '1,413', r3(p.full), r3(p.sparse), share(p.sparseAtLeast), r3(p.betweenModels)]) // biome-ignore format: one row
  return {
    id: 'parity-pooled',
    title: 'Pooled r: mean over windows',
    columns: [left('Measured'), left('Pair'), left('Type'), right('Windows'), right('Full'), right('Sparse'), right('Sparse at least as good'), right('r between the two')], // biome-ignore format: one line
    rows: [...rows, ...published],
    notes: [
      'One r over the bins of a window and all tracks of a type together, averaged over windows. With one track in a type it is the r of that track in a window.',
      `Published: Figure 6, ${PARITY_REPORT}; windows padded with zeros; S-Enformer has no position terms there.`,
    ],
  }
}

function trainingTable(results: readonly LabResult[]): LabTable {
  const rows = results.flatMap(result =>
    having(result.points, { job: 'training' }).map(p => {
      const of = (name: string) => measured(p, name)?.median
      const [step, peak, parameters] = [of('stepSeconds'), of('peakBytes'), of('parameters')]
      return [from(result, results), String(p.factors['pair'] ?? '-'), String(p.factors['model'] ?? '-'), parameters?.toLocaleString('en-US') ?? '-', String(of('steps') ?? '-'), String(of('keptSteps') ?? '-'), step === undefined ? '-' : valueText(step, 'seconds'), peak === undefined ? stateText(p) : valueText(peak, 'bytes')] // biome-ignore format: one row
    }),
  )
  return {
    id: 'parity-training',
    title: 'What the trainings cost',
    columns: [left('Measured'), left('Pair'), left('Model'), right('Parameters'), right('Steps'), right('Best at step'), right('Step, median'), right('Peak memory')], // biome-ignore format: one line
    rows,
    notes: ['Models that were taken from folders or reports were not trained here.'],
  }
}

const exponent = (value: number) => value.toExponential(1)

const fieldTable: LabTable = {
  id: 'parity-field',
  title: 'Published receptive field (Figure 8): median change of the tracks by a mutation',
  columns: [right('Position, 0-based'), right('Enformer'), right('S-Enformer'), right('S-Enformer / Enformer')],
  rows: PUBLISHED_FIGURE_8.positions.map((position, i) => {
    const [full, sparse] = [PUBLISHED_FIGURE_8.full[i] ?? 0, PUBLISHED_FIGURE_8.sparse[i] ?? 0]
    return [position.toLocaleString('en-US'), exponent(full), exponent(sparse), (sparse / full).toFixed(3)]
  }),
  notes: [
    'The fall of S-Enformer from 73,727 to 98,303 is what its rule for random blocks predicts: they are drawn from the left two fifths only. Models made here draw them from everywhere.',
    'Published only; the receptive field of a model of one’s own is measured in the panel of mutations.',
  ],
}
