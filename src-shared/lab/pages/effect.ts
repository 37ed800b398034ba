import { valueText } from '../../report/labNumbers.ts'
import type { FigurePoint, FigureSeries, GridFigure, LabPage, LabTable, LineFigure } from '../page.ts'
import type { PageBuilder } from '../pages.ts'
import type { LabResult } from '../result.ts'
import { checkValues } from './checkValues.ts'
import {
  accuracyRange,
  curveOf,
  type EffectGroup,
  type EffectRun,
  groupName,
  groupsOf,
  modelName,
  modelWord,
  spreadOf,
  stepSeconds,
  trainingSeconds,
} from './effectRuns.ts'
import { effectAnswer, groupVerdicts } from './effectVerdicts.ts'
import { measured, otherName, resultNotes, spreadText } from './measured.ts'
import { PUBLISHED_EFFECT, PUBLISHED_SIZES, TABLE } from './publishedEffect.ts'

/** Accuracy of the three networks on MNIST against what their training costs, beside Table 3.1. */
export const effectPage: PageBuilder = results => {
  checkValues(results, [
    ['job', 'tokens', 'width', 'layers', 'batch', 'examples'],
    ['model', 'rank'],
  ])
  const own = groupsOf(results[0])
  const all = results.flatMap(groupsOf)
  const trained = own.filter(g => g.job === 'train')
  const timed = own.filter(g => g.job === 'cost')
  return {
    question: 'Do low rank and linear attention lose accuracy on real data, and what does their training cost?',
    answer: effectAnswer(trained, timed, all),
    verdicts: [...trained, ...timed].flatMap(group => groupVerdicts(group, all)),
    figures: [
      ...trained.flatMap(group => trainedFigures(group, all, results)),
      ...(timed.length > 0 ? [speedGrid(timed)] : []),
    ],
    tables: [
      ...(trained.length > 0 ? [accuracyTable(trained, all), seedTable(trained)] : []),
      ...(timed.length > 0 ? [costTable(timed)] : []),
      publishedTable(trained),
    ],
    notes: [...notesOf(trained, timed, all), ...resultNotes(results)],
  }
}

const same = (a: EffectGroup, b: EffectGroup) =>
  a.job === b.job && sameSize(a, b) && a.batch === b.batch && a.examples === b.examples
const sameSize = (a: EffectGroup, b: EffectGroup) =>
  a.tokens === b.tokens && a.width === b.width && a.layers === b.layers

/** Figures of a group with those of other results that trained the same networks. */
function trainedFigures(group: EffectGroup, all: readonly EffectGroup[], results: readonly LabResult[]): LineFigure[] {
  const groups = all.filter(g => same(g, group))
  const id = `effect-${group.tokens}-${group.width}-${group.layers}-${group.batch}-${group.examples}`
  const name = groupName(group)
  const series = (pointsOf: (run: EffectRun, of: EffectGroup) => readonly FigurePoint[], style: 'line' | 'points') =>
    groups.flatMap(of =>
      of.runs.flatMap((run): FigureSeries[] => {
        const points = pointsOf(run, of)
        const from = of.result === results[0] ? {} : { from: otherName(of.result, results) }
        return points.length === 0 ? [] : [{ name: modelName(run), group: run.model, points, style, ...from }]
      }),
    )
  const accuracyAt = (run: EffectRun, x: number | undefined): readonly FigurePoint[] => {
    const accuracy = spreadOf(run, 'testAccuracy')
    const range = accuracyRange(run)
    return accuracy && x !== undefined ? [{ x, y: accuracy.mean, ...range }] : []
  }
  const curve = (measure: string) => (run: EffectRun) =>
    curveOf(run, measure).map(({ examples, spread: { n, mean, least, most } }) => ({
      x: examples,
      y: mean,
      ...(n > 1 ? { lower: least, upper: most } : {}),
    }))
  const lines = (key: string, title: string, x: LineFigure['x'], y: LineFigure['y'], drawn: readonly FigureSeries[]): LineFigure => ({ kind: 'lines', id: `${id}-${key}`, title: `${title}, ${name}`, x, y, series: drawn, marks: [] }) // biome-ignore format: one thought
  const accuracy = { label: 'Accuracy on the test images', scale: 'linear', format: 'percent' } as const
  const examples = { label: 'Training images seen', scale: 'linear', format: 'number' } as const
  const byTime = lines('seconds', 'Accuracy against time of training', { label: 'Time of one training', scale: 'linear', format: 'seconds' }, accuracy, series((run, of) => accuracyAt(run, trainingSeconds(run, of, all)), 'points')) // biome-ignore format: one thought
  return [
    // Without one time that means something there is nothing to draw.
    ...(byTime.series.length > 0 ? [byTime] : []),
    lines('flops', 'Accuracy against arithmetic of training', { label: 'Floating-point operations of matrix products in one training', scale: 'linear', format: 'number' }, accuracy, series(run => accuracyAt(run, spreadOf(run, 'trainFlops')?.mean), 'points')), // biome-ignore format: one thought
    lines('curve', 'Accuracy while training', examples, { ...accuracy, label: 'Accuracy on the first test images' }, series(curve('testAccuracy'), 'line')), // biome-ignore format: one thought
    lines('loss', 'Loss while training', examples, { label: 'Cross-entropy, nats', scale: 'linear', format: 'number' }, series(curve('lossNats'), 'line')), // biome-ignore format: one thought
  ]
}

/** How much faster than the transformer a training step is. */
function speedGrid(timed: readonly EffectGroup[]): GridFigure {
  const models = ['lrt', 'linformer']
  const missing: Record<number, string> = {}
  const values = models.flatMap((model, row) =>
    timed.map((group, column) => {
      const step = (name: string) => measured(group.runs.find(r => r.model === name)?.timed, 'trainStepSeconds')?.median
      const [full, cheap] = [step('transformer'), step(model)]
      if (full !== undefined && cheap !== undefined) return full / cheap
      missing[row * timed.length + column] = 'not measured'
      return null
    }),
  )
  return {
    kind: 'grid',
    id: 'effect-speed',
    title: 'Training step: times faster than the transformer',
    rows: { label: 'Model', names: models.map(modelWord) },
    columns: { label: 'Size', names: timed.map(g => `${groupName(g)}, batch ${g.runs[0]?.batch ?? '-'}`) },
    values,
    missing,
    colours: 'diverging-ratio',
    format: 'ratio',
  }
}

const right = (name: string) => ({ name, align: 'right' }) as const
const left = (name: string) => ({ name, align: 'left' }) as const
const percent = (share: number | undefined) => (share === undefined ? '-' : `${(100 * share).toFixed(2)} %`)
const count = (value: number | undefined) => (value === undefined ? '-' : value.toLocaleString('en-US'))
const seconds = (value: number | undefined) => (value === undefined ? '-' : valueText(value, 'seconds'))
const operations = (value: number | undefined) => (value === undefined ? '-' : valueText(value, 'number'))

const accuracyTable = (trained: readonly EffectGroup[], all: readonly EffectGroup[]): LabTable => ({
  id: 'effect-accuracy',
  title: 'Accuracy and cost',
  columns: [left('Network'), left('Sizes'), right('Parameters'), right('Seeds'), right('Test accuracy'), right('Least – most'), right('Training accuracy'), right('Training images'), right('Time of training'), right('Step'), right('FLOPs of training')], // biome-ignore format: one table
  rows: trained.flatMap(group =>
    group.runs.map(run => {
      const test = spreadOf(run, 'testAccuracy')
      return [
        modelName(run),
        groupName(group),
        count(spreadOf(run, 'parameters')?.mean),
        String(run.trained.length),
        percent(test?.mean),
        test && test.n > 1 ? `${percent(test.least)} – ${percent(test.most)}` : '-',
        percent(spreadOf(run, 'trainAccuracy')?.mean),
        count(run.examples),
        seconds(trainingSeconds(run, group, all)),
        seconds(stepSeconds(run, group, all)),
        operations(spreadOf(run, 'trainFlops')?.mean),
      ]
    }),
  ),
  notes: [
    'Training accuracy: of the first 10,000 training images. Time of training: the steps times the median step, timed alone where it was, else the least of its seeds; - where others used the machine.',
  ],
})

const seedTable = (trained: readonly EffectGroup[]): LabTable => ({
  id: 'effect-seeds',
  title: 'Every training',
  columns: [left('Network'), left('Sizes'), right('Seed'), right('Test accuracy'), right('95 % interval'), right('Training accuracy'), right('Last loss, nats'), right('Step'), right('Peak memory'), right('Used by others')], // biome-ignore format: one table
  rows: trained.flatMap(group =>
    group.runs.flatMap(run =>
      run.trained.map(point => {
        const value = (name: string) => measured(point, name)?.median
        const last = curveOf({ ...run, trained: [point] }, 'lossNats').at(-1)?.spread.mean
        return [
          modelName(run),
          groupName(group),
          String(point.factors['seed']),
          percent(value('testAccuracy')),
          `${percent(value('testLowerAccuracy'))} – ${percent(value('testUpperAccuracy'))}`,
          percent(value('trainAccuracy')),
          last === undefined ? '-' : last.toFixed(3),
          spreadText(measured(point, 'trainStepSeconds'), 'seconds'),
          spreadText(measured(point, 'peakBytes'), 'bytes'),
          valueText(point.foreignLoad, 'percent'),
        ]
      }),
    ),
  ),
  notes: ['95 % interval: Wilson, of the test images alone. Step: median and quartiles.'],
})

const costTable = (timed: readonly EffectGroup[]): LabTable => ({
  id: 'effect-cost',
  title: 'Cost of a step',
  columns: [left('Network'), left('Sizes'), right('Batch'), right('Parameters'), right('Training step'), right('Forward pass'), right('Training images a second'), right('Peak memory'), right('FLOPs of a forward pass, one image')], // biome-ignore format: one table
  rows: timed.flatMap(group =>
    group.runs.map(run => {
      const step = measured(run.timed, 'trainStepSeconds')
      return [
        modelName(run),
        groupName(group),
        String(run.batch),
        count(measured(run.timed, 'parameters')?.median),
        spreadText(step, 'seconds'),
        spreadText(measured(run.timed, 'inferenceSeconds'), 'seconds'),
        step ? valueText(run.batch / step.median, 'number') : '-',
        spreadText(measured(run.timed, 'peakBytes'), 'bytes'),
        operations(measured(run.timed, 'forwardFlops')?.median),
      ]
    }),
  ),
  notes: ['Median and quartiles over the timed steps. FLOPs: of matrix products, two a multiply-add.'],
})

function publishedTable(trained: readonly EffectGroup[]): LabTable {
  const { tokens, width, layers, rank } = PUBLISHED_SIZES
  const rows = PUBLISHED_EFFECT.map(({ model, parameters, printed, trainAccuracy, testAccuracy }) => [
    modelWord(model),
    count(parameters),
    printed,
    percent(trainAccuracy),
    percent(testAccuracy),
    ...trained.map(g => {
      const own = g.runs.filter(r => r.model === model)
      // r = 64 where it was trained; else another, with its rank.
      const run = own.find(r => r.rank === undefined || r.rank === rank) ?? own[0]
      const mean = run && spreadOf(run, 'testAccuracy')?.mean
      return `${percent(mean)}${mean === undefined || run?.rank === undefined || run.rank === rank ? '' : ` (rank ${run.rank})`}`
    }),
  ])
  return {
    id: 'effect-published',
    title: 'Beside the publication',
    columns: [left('Network'), right('Parameters, published size'), right('as printed'), right('Training accuracy, published'), right('Test accuracy, published'), ...trained.map(g => right(`Test accuracy here: ${groupName(g)}`))], // biome-ignore format: one table
    rows,
    notes: [`${TABLE}: ${tokens} tokens, width ${width}, ${layers} layers, r = k = ${rank}; one training each, without a spread. Its optimiser, rate, batch and epochs are not given, so equal accuracies are not to be expected.`], // biome-ignore format: one sentence
  }
}

function notesOf(
  trained: readonly EffectGroup[],
  timed: readonly EffectGroup[],
  all: readonly EffectGroup[],
): LabPage['notes'] {
  const { tokens, width, layers } = PUBLISHED_SIZES
  const smaller = trained.filter(g => g.tokens !== tokens || g.width !== width || g.layers !== layers)
  const alone = trained.some(g => all.some(c => c.job === 'cost' && sameSize(c, g)))
  return [
    ...smaller.map(g => `Not the published size: ${groupName(g)} instead of ${tokens} tokens, width ${width}, ${layers} layers.`), // biome-ignore format: one sentence
    ...(trained.length > 0 ? ['Bars are the least and the most over the seeds; of one seed, the 95 % interval (Wilson) of its test images.'] : []), // biome-ignore format: one sentence
    ...(alone ? ['Times of training are those of steps that were timed alone, on the same machine, where there are such.'] : []), // biome-ignore format: one sentence
    ...(trained.some(g => g.runs.some(r => r.trained.length > 0 && stepSeconds(r, g, all) === undefined)) ? ['Accuracy is not drawn against times that were measured while others used the machine: run the recipe lab-effect-cost with as many threads on a quiet machine, and open its result beside this one.'] : []), // biome-ignore format: one sentence
    ...(timed.length > 0 ? ['Timed steps learn nothing: they begin with the first weights each time.'] : []),
  ]
}
