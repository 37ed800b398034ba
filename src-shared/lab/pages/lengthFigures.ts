import { valueText } from '../../report/labNumbers.ts'
import { type Crossover, crossover } from '../crossover.ts'
import type { FigureMark, FigureSeries, GridFigure, LineFigure } from '../page.ts'
import type { LabResult } from '../result.ts'
import {
  curve,
  FULL,
  type LengthMeasure,
  type LengthSetting,
  layerCosts,
  layerPoints,
  SPARSE,
  sameSetting,
  settingName,
  sparseIsLess,
} from './lengthSettings.ts'
import { about, MEASURES, type Measure, MODELS } from './lengthWords.ts'
import { figurePoint, having, measured, numberOf, numbersOf, perResult, stateText } from './measured.ts'
import { PUBLISHED_LENGTH } from './publishedLength.ts'

/** Figures 1 to 3 of one setting: memory and time against length, of the whole network and of a layer. */
export function lengthFigures(setting: LengthSetting, results: readonly LabResult[]): readonly LineFigure[] {
  const key = `${setting.job}-${setting.attention}-${setting.width}`
  const x = { label: 'Length of the window (bp)', scale: 'log', format: 'base-pairs', ticks: numbersOf(setting.points, 'lengthBp') } as const // biome-ignore format: one axis
  const whole = MEASURES.map((m): LineFigure => {
    const series = perResult(results, result => {
      const own = sameSetting(result, setting)
      return own ? seriesOf(own, m.measure) : []
    })
    return {
      kind: 'lines',
      id: `length-${m.measure}-${key}`,
      title: `${m.noun}: ${settingName(setting)}`,
      x,
      y: { label: m.measure === 'seconds' ? 'Time of a run (s)' : 'Peak memory', scale: 'log', format: m.format },
      series: m.measure === 'peakBytes' ? [...series, ...limitSeries(setting)] : series,
      marks: marksOf(sparseIsLess(setting, m.measure), m),
    }
  })
  if (setting.layers.length < 2) return whole
  const layers = MEASURES.map((m): LineFigure => {
    const series = perResult(results, result => {
      const own = sameSetting(result, setting)
      return own ? MODELS.map(({ model, name }) => ({ name, group: model, points: layerPoints(own, model, m.measure) })) : [] // biome-ignore format: one thought
    })
    return {
      kind: 'lines',
      id: `length-layer-${m.measure}-${key}`,
      title: `${m.noun} of an attention layer: ${settingName(setting)}`,
      x,
      y: {
        label: `${m.measure === 'seconds' ? 'Time' : 'Memory'} of a layer, (${setting.layers.at(-1)} layers - ${setting.layers[0]}) / ${setting.layers.at(-1)! - setting.layers[0]!}`,
        scale: 'log',
        format: m.format,
      },
      series,
      marks: marksOf(crossover(layerCosts(setting, SPARSE, m.measure), layerCosts(setting, FULL, m.measure)), m),
    }
  })
  return [...whole, ...layers]
}

function seriesOf(setting: LengthSetting, measure: LengthMeasure): readonly FigureSeries[] {
  return setting.layers.toReversed().flatMap((layers, i) =>
    MODELS.map(({ model, name }) => ({
      name: `${name}, ${layers} ${layers === 1 ? 'layer' : 'layers'}`,
      group: model,
      style: i === 0 ? ('line' as const) : ('dashed' as const),
      points: curve(setting, model, layers).map(p => figurePoint(p, numberOf(p, 'lengthBp'), measure)),
    })),
  )
}

/** Where memory comes near to that of the published card: the card as a level line, and what is planned of points that did not fit. */
function limitSeries(setting: LengthSetting): readonly FigureSeries[] {
  const x = numbersOf(setting.points, 'lengthBp')[0]!
  const planned = MODELS.map(({ model, name }) => ({
    name: `${name}, planned: did not fit`,
    group: model,
    style: 'points' as const,
    points: curve(setting, model, setting.layers.at(-1)!).flatMap(p =>
      p.state === 'does-not-fit' && p.predicted ? [{ x: numberOf(p, 'lengthBp'), y: p.predicted.peakBytes }] : [],
    ),
  })).filter(s => s.points.length > 0)
  const most = Math.max(0, ...setting.points.map(p => measured(p, 'peakBytes')?.median ?? 0))
  if (planned.length === 0 && most < PUBLISHED_LENGTH.limitBytes / 4) return []
  const card = { name: `${PUBLISHED_LENGTH.limitText}: the card of the report`, style: 'level', points: [{ x, y: PUBLISHED_LENGTH.limitBytes }] } as const // biome-ignore format: one series
  return [card, ...planned]
}

function marksOf(found: Crossover, m: Measure): readonly FigureMark[] {
  if (found.kind === 'at') return [{ x: found.x, label: `sparse is ${m.less} from ${about(found.x)}` }]
  if (found.kind === 'between') return [{ x: found.high, label: `sparse is ${m.less} from here` }]
  return []
}

/** Full by sparse: above 1 where sparse wins. */
export function gainGrid(settings: readonly LengthSetting[], m: Measure): GridFigure {
  const rows = settings.flatMap(setting => setting.layers.toReversed().map(layers => ({ setting, layers })))
  const lengths = [...new Set(settings.flatMap(s => numbersOf(s.points, 'lengthBp')))].sort((a, b) => a - b)
  const missing: Record<number, string> = {}
  const values = rows.flatMap(({ setting, layers }, row) =>
    lengths.map((lengthBp, column) => {
      const [full, sparse] = MODELS.map(({ model }) => having(setting.points, { model, layers, lengthBp })[0])
      const [a, b] = [measured(full, m.measure), measured(sparse, m.measure)]
      if (a && b) return a.median / b.median
      const why = [full && !a ? `full attention ${stateText(full)}` : '', sparse && !b ? `sparse ${stateText(sparse)}` : ''] // biome-ignore format: one thought
      missing[row * lengths.length + column] = why.filter(Boolean).join(', ') || 'not measured'
      return null
    }),
  )
  return {
    kind: 'grid',
    id: `length-gain-${m.measure}`,
    title: `${m.noun} of full by that of block-sparse attention (above 1: sparse is ${m.less})`,
    rows: { label: 'Network', names: rows.map(({ setting, layers }) => `${settingName(setting)}, ${layers} ${layers === 1 ? 'layer' : 'layers'}`) }, // biome-ignore format: one line
    columns: { label: 'Length (bp)', names: lengths.map(x => valueText(x, 'base-pairs')) },
    values,
    missing,
    colours: 'diverging-ratio',
    format: 'ratio',
  }
}
