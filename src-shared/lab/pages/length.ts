import { valueText } from '../../report/labNumbers.ts'
import { type Crossover, crossover, reaches } from '../crossover.ts'
import type { FigureMark, FigureSeries, GridFigure, LabPage, LabTable, LineFigure } from '../page.ts'
import type { PageBuilder } from '../pages.ts'
import {
  costsOf,
  curve,
  FULL,
  type LengthMeasure,
  type LengthSetting,
  layerCosts,
  layerPoints,
  SPARSE,
  sameSetting,
  settingName,
  settingsOf,
  sparseIsLess,
} from './lengthSettings.ts'
import {
  figurePoint,
  having,
  measured,
  numberOf,
  numbersOf,
  perResult,
  ratioText,
  resultNotes,
  spreadText,
  stateText,
} from './measured.ts'
import { PUBLISHED_LENGTH, REPORT } from './publishedLength.ts'

type Verdict = LabPage['verdicts'][number]

const MODELS = [
  { model: FULL, name: 'full attention' },
  { model: SPARSE, name: 'block-sparse attention' },
] as const
const MEASURES = [
  { measure: 'peakBytes', format: 'bytes', noun: 'Peak memory', less: 'smaller', more: 'more memory', unit: 'peak memory' },
  { measure: 'seconds', format: 'seconds', noun: 'Time', less: 'faster', more: 'more time', unit: 'time of a run' },
] as const // biome-ignore format: a table
type Measure = (typeof MEASURES)[number]

const bp = (value: number) => `${valueText(value, 'base-pairs')} bp`
const about = (value: number) => `about ${valueText(Number(value.toPrecision(2)), 'base-pairs')} bp`

/** Memory and time of Enformer and S-Enformer against length: figures 1 to 3 of the S-Enformer report, done again. */
export const lengthPage: PageBuilder = results => {
  const [first] = results
  const settings = settingsOf(first)
  return {
    question:
      'What does attention cost as DNA gets longer, where does full attention stop fitting, and from which length is block-sparse attention smaller and faster?',
    verdicts: settings.flatMap(verdictsOf),
    figures: [...settings.flatMap(s => figuresOf(s, results)), ...MEASURES.map(m => gainGrid(settings, m))],
    tables: [reportTable(settings), ...settings.map(pointTable)],
    notes: resultNotes(results),
  }
}

function verdictsOf(setting: LengthSetting): readonly Verdict[] {
  return [...MEASURES.map(m => crossoverVerdict(setting, m)), ...fitVerdicts(setting), ...layerVerdicts(setting)]
}

function crossoverVerdict(setting: LengthSetting, m: Measure): Verdict {
  const found = sparseIsLess(setting, m.measure)
  const start = `${settingName(setting)}: block-sparse attention`
  const far = lastPair(setting, m.measure)
  const numbers = far ? ` (${valueText(far.sparse, m.format)} against ${valueText(far.full, m.format)} at ${bp(far.x)})` : '' // biome-ignore format: one thought
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

/** Medians at the greatest length that both models were measured at. */
function lastPair(setting: LengthSetting, measure: LengthMeasure) {
  const most = setting.layers.at(-1)!
  const full = costsOf(curve(setting, FULL, most), measure)
  const pairs = costsOf(curve(setting, SPARSE, most), measure).flatMap(({ x, cost }) => {
    const other = full.find(f => f.x === x)?.cost
    return cost !== null && other ? [{ x, sparse: cost, full: other }] : []
  })
  return pairs.at(-1)
}

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
function limitLength(setting: LengthSetting, model: string): { x: number; planned: boolean } | null {
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

function crossoverText(found: Crossover): string {
  switch (found.kind) {
    case 'at':
      return `from ${about(found.x)} on`
    case 'between':
      return `from between ${bp(found.low)} and ${bp(found.high)} on`
    case 'always':
      return 'at every measured length'
    case 'never':
      return 'at no measured length'
    case 'unknown':
      return 'not known'
  }
}

function figuresOf(setting: LengthSetting, results: Parameters<PageBuilder>[0]): readonly LineFigure[] {
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

/** The memory of the published card as a level line, and what is planned of points that did not fit. */
function limitSeries(setting: LengthSetting): readonly FigureSeries[] {
  const lengths = numbersOf(setting.points, 'lengthBp')
  const ends = [...new Set([lengths[0]!, lengths.at(-1)!])]
  const limit = { name: `${valueText(PUBLISHED_LENGTH.limitBytes, 'bytes')}: the card of the report`, style: 'dashed', points: ends.map(x => ({ x, y: PUBLISHED_LENGTH.limitBytes })) } as const // biome-ignore format: one series
  const planned = having(setting.points, { layers: setting.layers.at(-1)! }).flatMap(p =>
    p.state === 'does-not-fit' && p.predicted ? [{ x: numberOf(p, 'lengthBp'), y: p.predicted.peakBytes }] : [],
  )
  return planned.length > 0 ? [limit, { name: 'planned, did not fit', style: 'points', points: planned }] : [limit]
}

function marksOf(found: Crossover, m: Measure): readonly FigureMark[] {
  if (found.kind === 'at') return [{ x: found.x, label: `sparse is ${m.less} from ${about(found.x)}` }]
  if (found.kind === 'between') return [{ x: found.high, label: `sparse is ${m.less} from here` }]
  return []
}

/** Full by sparse: above 1 where sparse wins. */
function gainGrid(settings: readonly LengthSetting[], m: Measure): GridFigure {
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

function pointTable(setting: LengthSetting): LabTable {
  const right = (name: string) => ({ name, align: 'right' }) as const
  return {
    id: `length-points-${setting.job}-${setting.attention}-${setting.width}`,
    title: settingName(setting),
    columns: [
      { name: 'attention', align: 'left' },
      ...['layers', 'length (bp)', 'runs', 'time (quartiles)', 'peak memory', 'memory planned', 'time: full / this', 'memory: full / this'].map(right), // biome-ignore format: one row
    ],
    rows: setting.layers.toReversed().flatMap(layers =>
      MODELS.flatMap(({ model, name }) =>
        curve(setting, model, layers).map(p => {
          const full = having(setting.points, { model: FULL, layers, lengthBp: p.factors['lengthBp']! })[0]
          const ratio = (measure: LengthMeasure) => {
            const [a, b] = [measured(full, measure), measured(p, measure)]
            return model === SPARSE && a && b ? ratioText(a.median / b.median) : '-'
          }
          const time = measured(p, 'seconds')
          return [
            name,
            String(layers),
            valueText(numberOf(p, 'lengthBp'), 'base-pairs'),
            time ? String(time.n) : '-',
            time ? spreadText(time, 'seconds') : stateText(p),
            spreadText(measured(p, 'peakBytes'), 'bytes'),
            p.predicted ? valueText(p.predicted.peakBytes, 'bytes') : '-',
            ratio('seconds'),
            ratio('peakBytes'),
          ]
        }),
      ),
    ),
    notes: [],
  }
}

/** What the report says, and what was found here with the gradients that it took, or with what is nearest to it. */
function reportTable(settings: readonly LengthSetting[]): LabTable {
  const found = (setting: LengthSetting | undefined, text: (s: LengthSetting) => string) => (setting ? `${text(setting)} [${settingName(setting)}]` : 'not measured') // biome-ignore format: one thought
  const setting = settings.find(s => s.job === 'training-attention') ?? settings.find(s => s.job === 'training') ?? settings[0] // biome-ignore format: one thought
  const limit = valueText(PUBLISHED_LENGTH.limitBytes, 'bytes')
  const passes = (model: string) => (s: LengthSetting) => {
    const at = limitLength(s, model)
    return at === null ? `stays within ${limit} at all lengths tried` : `passes ${limit} at ${about(at.x)}${at.planned ? ' (planned)' : ''}` // biome-ignore format: one thought
  }
  const layerAt = (s: LengthSetting, model: string, x: number) => layerCosts(s, model, 'peakBytes').find(c => c.x === x)?.cost // biome-ignore format: one thought
  return {
    id: 'length-published',
    title: 'The published figures 1 to 3, and here',
    columns: [
      { name: 'what', align: 'left' },
      { name: 'published', align: 'left' },
      { name: 'here', align: 'left' },
    ],
    rows: [
      [`full attention out of ${limit}`, `at ${bp(PUBLISHED_LENGTH.fullFailsBp)}`, found(setting, passes(FULL))],
      ['block-sparse attention', `runs ${bp(PUBLISHED_LENGTH.sparseRunsBp)}`, found(setting, passes(SPARSE))],
      [
        'memory of a layer: sparse below full',
        `from ${about(PUBLISHED_LENGTH.layerCrossoverBp)}`,
        found(setting, s =>
          crossoverText(crossover(layerCosts(s, SPARSE, 'peakBytes'), layerCosts(s, FULL, 'peakBytes'))),
        ),
      ],
      [
        `a sparse layer at ${bp(PUBLISHED_LENGTH.sparseLayerBp)} against a full one at ${bp(PUBLISHED_LENGTH.fullLayerBp)}`,
        'less',
        found(setting, s => {
          const [a, b] = [
            layerAt(s, SPARSE, PUBLISHED_LENGTH.sparseLayerBp),
            layerAt(s, FULL, PUBLISHED_LENGTH.fullLayerBp),
          ]
          return a && b
            ? `${a < b ? 'less' : 'more'}: ${valueText(a, 'bytes')} against ${valueText(b, 'bytes')}`
            : 'not measured'
        }),
      ],
      [
        'time',
        'sparse slower at many lengths',
        found(setting, s => `sparse is faster ${crossoverText(sparseIsLess(s, 'seconds'))}`),
      ],
    ],
    notes: [
      `Published: ${REPORT}; a human and a mouse step each, gradients of the attention variables alone, times with tracing; its curves are pictures without numbers.`,
    ],
  }
}
