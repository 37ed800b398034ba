import { valueText } from '../../report/labNumbers.ts'
import {
  type FigurePoint,
  type FigureSeries,
  type LabPage,
  type LabTable,
  type LineFigure,
  type PageAnswer,
  toneOfAll,
} from '../page.ts'
import type { PageBuilder } from '../pages.ts'
import { BUSY_SHARE, type LabPoint, type LabResult, type Quartiles } from '../result.ts'
import { SAME, tracksAreSame } from '../sameness.ts'
import { checkValues } from './checkValues.ts'
import { apart, having, measured, perResult, ratioText, resultNotes, spreadText, stateText } from './measured.ts'

/** Trained models with their layers as two factors: what is saved, and what becomes of the predictions. */
export const compressionPage: PageBuilder = results => {
  checkValues(results, [['model'], ['method', 'part'], ['keptEnergy', 'rank']])
  const models = modelsOf(results[0])
  const judged = models.map(model => ({ model, ...judge(results[0], model) }))
  const everywhere = [...new Set(results.flatMap(modelsOf))]
  return {
    question: 'How small can a trained model be made after training, and what is lost?',
    answer: answerOf(judged),
    verdicts: judged.map(({ verdict }) => verdict),
    figures: [
      ...changeFigures(results, everywhere),
      sizeFigure(results, 'compression-speed', 'Time of a run against size', { label: 'Time of a run, times that of the original', scale: 'log', format: 'ratio' }, (point, original) => ratioOf(point, original, 'seconds')), // biome-ignore format: one figure
      spectraFigure(results),
    ].filter(f => f.series.length > 0),
    tables: models.map(model => modelTable(results[0], model)),
    notes: [...resultNotes(results)],
  }
}

const modelsOf = (result: LabResult): readonly string[] => [
  ...new Set(result.points.map(p => String(p.factors['model']))),
]

const originalOf = (result: LabResult, model: string): LabPoint | undefined =>
  having(result.points, { model, method: 'none' })[0]

/** Points of a model that was made smaller, by how much is kept. */
const madeOf = (result: LabResult, model: string, method?: string): readonly LabPoint[] =>
  having(result.points, { model, ...(method === undefined ? {} : { method }) })
    .filter(p => p.factors['method'] !== 'none')
    .toSorted((a, b) => keptOf(a) - keptOf(b))

const keptOf = (point: LabPoint): number => Number(point.factors['keptEnergy'] ?? point.factors['rank'])
/** Which layers were factorised, where it is not all of them. */
const PARTS: Readonly<Record<string, string>> = { transformer: 'attention and feed-forward alone', other: 'all but attention and feed-forward' } // biome-ignore format: one table
const partText = (point: LabPoint): string => PARTS[String(point.factors['part'])] ?? 'all layers'
const inWords = (point: LabPoint): string => (partText(point) === 'all layers' ? '' : ` (${partText(point)})`)

const keptText = (point: LabPoint): string => ('rank' in point.factors ? `rank ${point.factors['rank']}` : valueText(keptOf(point), 'percent')) // biome-ignore format: one line

const atText = (point: LabPoint): string => ('rank' in point.factors ? keptText(point) : `${keptText(point)} of the energy`) // biome-ignore format: one line

const METHODS: Readonly<Record<string, string>> = { svd: 'SVD', 'semi-nmf': 'semi-NMF', nmf: 'NMF', none: 'as it is' }
const methodWord = (point: LabPoint) => METHODS[String(point.factors['method'])] ?? String(point.factors['method'])
/** Pairs of a method and which layers it was used on. */
const formsOf = (points: readonly LabPoint[]): readonly (readonly [string, string])[] => [...new Map(points.map(p => { const form = [String(p.factors['method']), partText(p)] as const; return [form.join(' '), form] })).values()] // biome-ignore format: one line

/** Of medians; undefined where one is not there. */
function ratioOf(point: LabPoint | undefined, original: LabPoint | undefined, measure: string): number | undefined {
  const [a, b] = [measured(point, measure), measured(original, measure)]
  return a && b && b.median > 0 ? a.median / b.median : undefined
}

/** What a change of the predictions is called: r with the original, or the AUC that is lost. */
interface Loss {
  readonly text: string
  readonly small: boolean
  /** All was recorded that `small` rests on. */
  readonly sure: boolean
  /** The larger, the more the smaller model predicts as the original does. */
  readonly likeness: number
}

function lossOf(point: LabPoint): Loss | undefined {
  const r = measured(point, 'meanPearson')
  // Outputs without tracks are judged by how far they move.
  if (r && !measured(point, 'outputChangeShare')) {
    const [before, after] = [measured(point, 'experimentRBefore'), measured(point, 'experimentRAfter')]
    const beside = before && after ? `, against experiments ${after.median.toFixed(3)} instead of ${before.median.toFixed(3)}` : '' // biome-ignore format: one line
    const [least, scale, largest] = ['leastPearson', 'worstScale', 'largestChangeShare'].map(name => measured(point, name)?.median) // biome-ignore format: one line
    const told = least !== undefined && largest !== undefined
    const worst = told ? ` (at worst of a track ${least.toFixed(3)}${scale === undefined ? '' : `, scale ${ratioText(scale)}`}, a value moves by ${valueText(largest, 'percent')} of its largest)` : ' (r alone: neither scale nor the worst track was recorded)' // biome-ignore format: one line
    return {
      text: `r ${r.median.toFixed(3)} with the original's predictions${worst}${beside}`,
      likeness: r.median,
      small: told ? tracksAreSame(r.median, { pearson: least, scale: scale ?? null, largestShare: largest }) : r.median >= SAME.pearson && (measured(point, 'pearson')?.lower ?? 1) >= SAME.pearson, // biome-ignore format: one thought
      sure: told,
    }
  }
  const moved = measured(point, 'outputChangeShare')
  if (moved) return { text: `outputs move by at most ${valueText(moved.median, 'percent')} of the largest`, likeness: -moved.median, small: moved.median < SAME.output, sure: true } // biome-ignore format: one thought
  const auc = measured(point, 'aucDifference')
  if (!auc) return undefined
  const [low, high] = [measured(point, 'aucDifferenceLower'), measured(point, 'aucDifferenceUpper')]
  const most = measured(point, 'largestProbabilityChange')
  const interval = low && high ? ` (95 % ${low.median.toFixed(4)} to ${high.median.toFixed(4)})` : ''
  return {
    text: `AUC ${signed(auc.median)}${interval} on simulated people${most ? `, a probability moves by at most ${most.median.toFixed(3)}` : ''}`,
    small: (low ?? auc).median > -SAME.auc && (most?.median ?? 0) < SAME.probability,
    likeness: -(most?.median ?? Math.abs(auc.median)),
    sure: true,
  }
}

const signed = (x: number) => `${x < 0 ? '' : '+'}${x.toFixed(4)}`

type Verdict = LabPage['verdicts'][number]

/** How small each model becomes while it predicts the same. */
function answerOf(
  judged: readonly { readonly model: string; readonly size?: number; readonly verdict: Verdict }[],
): PageAnswer | null {
  const done = judged.filter(j => j.verdict.tone !== 'open' || j.size !== undefined)
  if (done.length === 0) return null
  const small = done.flatMap(j => (j.size === undefined ? [] : [`${j.model} at ${valueText(j.size, 'percent')} of its parameters`])) // biome-ignore format: one list
  const none = done.filter(j => j.size === undefined).map(j => j.model)
  const sentences = [
    ...(small.length > 0 ? [`Still predicting the same: ${small.join(', ')}.`] : []),
    ...(none.length > 0 ? [`Nothing smaller predicts the same of ${none.join(', ')}.`] : []),
  ]
  return { tone: toneOfAll(judged.map(j => j.verdict.tone)), text: sentences.join(' ') }
}

/** The smallest form that still predicts the same, with its share of the parameters; else the nearest to it. */
function judge(result: LabResult, model: string): { readonly verdict: Verdict; readonly size?: number } {
  const original = originalOf(result, model)
  const made = madeOf(result, model, 'svd').filter(p => p.state === 'done')
  const rated = made.flatMap(point => {
    const [size, loss] = [ratioOf(point, original, 'parameters'), lossOf(point)]
    return size !== undefined && loss ? [{ point, size, loss }] : []
  })
  if (!original || rated.length === 0) return { verdict: { tone: 'open', text: `${model}: not measured yet.` } }
  const smaller = rated.filter(x => x.size < 1)
  if (smaller.length === 0) return { verdict: { tone: 'bad', text: `${model}: at ${[...new Set(rated.map(x => atText(x.point)))].join(', ')} no layer becomes smaller: its layers need nearly all of their rank.` } } // biome-ignore format: one sentence
  const good = smaller.filter(x => x.loss.small).sort((a, b) => a.size - b.size)[0]
  const best = good ?? smaller.toSorted((a, b) => b.loss.likeness - a.loss.likeness)[0]!
  const { pace, slower } = paceOf(best.point, original)
  const size = `${valueText(best.size, 'percent')} of the parameters at ${atText(best.point)}${inWords(best.point)}`
  if (!good) return { verdict: { tone: 'bad', text: `${model}: nothing smaller predicts the same. The nearest has ${size}: ${best.loss.text}${pace}.` } } // biome-ignore format: one sentence
  const much = best.size <= 0.9
  return { size: best.size, verdict: { tone: !much || slower ? 'bad' : best.loss.sure ? 'good' : 'open', text: `${model}: the smallest that predicts the same has ${size}: ${best.loss.text}${pace}${much ? '' : '. That saves next to nothing'}.` } } // biome-ignore format: one sentence
}

/** What a run takes against before, in words; on a busy machine nothing is said of it. */
function paceOf(point: LabPoint, original: LabPoint): { readonly pace: string; readonly slower: boolean } {
  const speed = ratioOf(point, original, 'seconds')
  if (speed === undefined) return { pace: '', slower: false }
  if (Math.max(point.foreignLoad, original.foreignLoad) >= BUSY_SHARE) return { pace: '; its time was measured on a busy machine and says little', slower: false } // biome-ignore format: one thought
  if (!apart(measured(point, 'seconds'), measured(original, 'seconds'))) return { pace: ', and a run takes as long as before', slower: false } // biome-ignore format: one thought
  return { pace: `, and a run takes ${ratioText(speed)} the time${speed > 1 ? ': smaller, but slower' : ''}`, slower: speed > 1 } // biome-ignore format: one thought
}

const SIZE_AXIS: LineFigure['x'] = { label: 'Parameters, share of the original', scale: 'linear', format: 'percent' }

function changeFigures(results: readonly LabResult[], models: readonly string[]): LineFigure[] {
  const kinds: readonly {
    readonly measure: string
    readonly id: string
    readonly title: string
    readonly label: string
  }[] = [
    { measure: 'meanPearson', id: 'compression-pearson', title: 'Predictions against size', label: "Mean Pearson r with the original's predictions" }, // biome-ignore format: one line
    { measure: 'experimentRAfter', id: 'compression-experiments', title: 'Agreement with experiments against size', label: 'Mean Pearson r with experiments' }, // biome-ignore format: one line
    { measure: 'aucAfter', id: 'compression-auc', title: 'AUC against size (simulated people)', label: 'AUC' },
  ]
  return kinds.flatMap(({ measure, id, title, label }) => {
    const figure = sizeFigure(results, id, title, { label, scale: 'linear', format: 'number' }, point => measured(point, measure)?.median, models) // biome-ignore format: one figure
    return figure.series.length > 0 ? [figure] : []
  })
}

/** A quantity of every smaller model against its size, a line a model and method. */
function sizeFigure(
  results: readonly LabResult[],
  id: string,
  title: string,
  y: LineFigure['y'],
  value: (point: LabPoint, original: LabPoint | undefined) => number | undefined,
  models?: readonly string[],
): LineFigure {
  const series = perResult(results, result =>
    (models ?? modelsOf(result)).flatMap(model => {
      const original = originalOf(result, model)
      const made = madeOf(result, model)
      return formsOf(made).map(([method, part]): FigureSeries => {
        const points = made
          .filter(p => p.factors['method'] === method && partText(p) === part)
          .flatMap((p): FigurePoint[] => {
            const size = ratioOf(p, original, 'parameters')
            const at = value(p, original)
            return size === undefined || at === undefined ? [] : [{ x: size, y: at }]
          })
        return { name: `${model}, ${METHODS[method] ?? method}${part === 'all layers' ? '' : `, ${part}`}`, group: part === 'all layers' ? model : `${model} ${part}`, points, style: method === 'svd' ? 'line' : 'dashed' } // biome-ignore format: one series
      })
    }),
  )
  return { kind: 'lines', id, title, x: SIZE_AXIS, y, series, marks: [] }
}

/** Energy that a share of the full rank keeps: the median layer, with the quartiles over layers. */
function spectraFigure(results: readonly LabResult[]): LineFigure {
  const series = perResult(results, result =>
    modelsOf(result).map((model): FigureSeries => {
      const original = originalOf(result, model)
      const points = Object.entries(original?.measures ?? {}).flatMap(([name, q]): FigurePoint[] => {
        const step = /^energyAt(\d+)\.energy$/.exec(name)?.[1]
        return step === undefined ? [] : [{ x: Number(step) / 100, y: q.median, lower: q.lower, upper: q.upper }]
      })
      return { name: model, group: model, points: points.toSorted((a, b) => a.x - b.x), style: 'line' }
    }),
  )
  return {
    kind: 'lines',
    id: 'compression-spectra',
    title: 'Energy that a share of the rank keeps (median layer, quartiles over layers)',
    x: { label: 'Rank, share of the full rank', scale: 'linear', format: 'percent' },
    y: { label: 'Kept energy', scale: 'linear', format: 'percent' },
    series,
    marks: [{ x: 0.5, label: 'a square layer becomes smaller below half of its rank' }],
  }
}

function modelTable(result: LabResult, model: string): LabTable {
  const original = originalOf(result, model)
  const made = [...(original ? [original] : []), ...madeOf(result, model)]
  const count = (point: LabPoint, measure: string) => {
    const q = measured(point, measure)
    return q ? valueText(q.median, 'number') : '-'
  }
  const percent = (q: Quartiles | undefined) => (q ? `${valueText(q.median, 'percent')}${q.n > 1 ? ` (${valueText(q.lower, 'percent')} – ${valueText(q.upper, 'percent')})` : ''}` : '-') // biome-ignore format: one line
  const tracks = made.some(p => measured(p, 'meanPearson'))
  return {
    id: `compression-${model}`,
    title: model,
    columns: [
      { name: 'Method', align: 'left' },
      { name: 'Layers', align: 'left' },
      { name: 'Kept energy, or rank', align: 'right' },
      { name: 'Layers factorised', align: 'right' },
      { name: 'Error of a layer', align: 'right' },
      { name: 'Parameters', align: 'right' },
      { name: 'Size', align: 'right' },
      { name: 'Time of a run', align: 'right' },
      { name: 'Times the original', align: 'right' },
      { name: 'Peak memory', align: 'right' },
      { name: tracks ? 'Mean r with the original' : 'AUC, difference (95 %)', align: 'right' },
      { name: tracks ? 'Mean r with experiments' : 'Largest change of a probability', align: 'right' },
    ],
    rows: made.map(p => {
      if (p.state !== 'done')
        return [methodWord(p), partText(p), keptText(p), stateText(p), '-', '-', '-', '-', '-', '-', '-', '-']
      const [auc, low, high] = [measured(p, 'aucDifference'), measured(p, 'aucDifferenceLower'), measured(p, 'aucDifferenceUpper')] // biome-ignore format: one line
      const r = measured(p, 'meanPearson')
      const after = measured(p, 'experimentRAfter')
      const largest = measured(p, 'largestProbabilityChange')
      return [
        methodWord(p),
        p === original ? '-' : partText(p),
        p === original ? '-' : keptText(p),
        count(p, 'factorisedLayersCount'),
        percent(measured(p, 'layerErrorShare')),
        count(p, 'parameters'),
        ratioText(ratioOf(p, original, 'weightsBytes')),
        spreadText(measured(p, 'seconds'), 'seconds'),
        ratioText(ratioOf(p, original, 'seconds')),
        spreadText(measured(p, 'peakBytes'), 'bytes'),
        tracks ? (r ? r.median.toFixed(4) : '-') : auc ? `${signed(auc.median)}${low && high ? ` (${low.median.toFixed(4)} to ${high.median.toFixed(4)})` : ''}` : '-', // biome-ignore format: one cell
        tracks ? (after ? after.median.toFixed(4) : '-') : largest ? largest.median.toFixed(4) : '-',
      ]
    }),
    notes: [
      'Error of a layer: ‖W − W′‖ / ‖W‖, the median over factorised layers (quartiles).',
      ...(original && tracks && made.some(p => measured(p, 'experimentRBefore')) ? [`The original agrees with the experiments at mean r ${made.flatMap(p => measured(p, 'experimentRBefore') ?? [])[0]!.median.toFixed(4)}.`] : []), // biome-ignore format: one list
      'Research use only.',
    ],
  }
}
