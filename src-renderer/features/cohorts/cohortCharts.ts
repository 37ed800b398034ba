import type { CalibrationBin, RiskCohort, RocCurve } from '../../../src-shared/genome/risk.ts'
import type { CohortComparison } from '../../../src-shared/genome/riskComparison.ts'
import { confusionAt, judged, SCORE_BINS, scoreBins } from './confusion.ts'

/** Options of the cohort's charts. Lines differ by dash and mark as well as by colour. */

/** As the chart takes it. */
export type ChartOption = Readonly<Record<string, unknown>>

export interface ChartLook {
  readonly dark: boolean
}

const BLUE = '#0072b2'
const VERMILION = '#d55e00'
const MORE_COLOURS = ['#cc79a7', '#e69f00', '#56b4e9'] as const
export const inkOf = ({ dark }: ChartLook) => (dark ? '#a5afb4' : '#535d63')
const blueOf = ({ dark }: ChartLook) => (dark ? '#56b4e9' : BLUE)

const axis = (look: ChartLook, name: string, gap: number, max: number | null = 1) => ({
  type: 'value',
  name,
  nameLocation: 'middle',
  nameGap: gap,
  min: 0,
  ...(max === null ? {} : { max }),
  axisLabel: { color: inkOf(look) },
  nameTextStyle: { color: inkOf(look) },
  splitLine: { lineStyle: { color: look.dark ? '#363b3f' : '#e3e6e8' } },
})

const frame = (look: ChartLook) => ({
  grid: { left: 50, right: 16, top: 30, bottom: 40 },
  legend: { top: 0, textStyle: { color: inkOf(look), fontSize: 11 }, itemWidth: 20, itemGap: 8 },
})

const diagonal = (look: ChartLook, name: string) => ({
  type: 'line',
  name,
  showSymbol: false,
  silent: true,
  lineStyle: { color: inkOf(look), type: 'dotted', width: 1 },
  itemStyle: { color: inkOf(look) },
  data: [[0, 0], [1, 1]], // biome-ignore format: two points
})

const rocLine = (name: string, roc: RocCurve, colour: string, dash: 'solid' | 'dashed' | 'dotted') => ({
  type: 'line',
  name,
  showSymbol: false,
  lineStyle: { color: colour, type: dash, width: 2 },
  itemStyle: { color: colour },
  data: roc.falsePositiveRate.map((x, i) => [x, roc.truePositiveRate[i] ?? 0]),
})

export interface NamedRoc {
  readonly name: string
  readonly roc: RocCurve
}

/** Curves of the model, of the two SNPs and of other models; the point is the chosen threshold. */
export function rocOption(
  cohort: RiskCohort,
  curves: { readonly model: RocCurve; readonly twoSnp: RocCurve | undefined; readonly others: readonly NamedRoc[] },
  threshold: number,
  look: ChartLook,
): ChartOption {
  const at = confusionAt(cohort.rows, threshold)
  return {
    ...frame(look),
    tooltip: { trigger: 'item' },
    xAxis: axis(look, 'controls called (1 − specificity)', 26),
    yAxis: axis(look, 'cases called (sensitivity)', 34),
    series: [
      rocLine('model', curves.model, VERMILION, 'solid'),
      ...(curves.twoSnp ? [rocLine('two SNPs', curves.twoSnp, blueOf(look), 'dashed')] : []),
      ...curves.others.map((o, i) => rocLine(o.name, o.roc, MORE_COLOURS[i % MORE_COLOURS.length] ?? BLUE, 'solid')),
      diagonal(look, 'chance'),
      {
        type: 'line',
        name: 'threshold',
        symbol: 'diamond',
        symbolSize: 12,
        itemStyle: { color: look.dark ? '#dfe4e6' : '#1c2226' },
        data: at.specificity === null || at.sensitivity === null ? [] : [[1 - at.specificity, at.sensitivity]],
      },
    ],
  }
}

/** Curves of two models on the same people. */
export function twoRocsOption(a: NamedRoc, b: NamedRoc, look: ChartLook): ChartOption {
  return {
    ...frame(look),
    // The names of two models leave no room for the diagonal's.
    legend: { ...frame(look).legend, type: 'scroll', data: [a.name, b.name] },
    tooltip: { trigger: 'item' },
    xAxis: axis(look, 'controls called (1 − specificity)', 26),
    yAxis: axis(look, 'cases called (sensitivity)', 34),
    series: [
      rocLine(a.name, a.roc, VERMILION, 'solid'),
      rocLine(b.name, b.roc, blueOf(look), 'dashed'),
      diagonal(look, 'chance'),
    ],
  }
}

/** The scores of two models, a point a person; the lines are their thresholds. */
export function scatterOption(c: CohortComparison, names: readonly [string, string], look: ChartLook): ChartOption {
  const ink = inkOf(look)
  const points = (name: string, label: number, colour: string, symbol: string) => ({
    type: 'scatter',
    name,
    symbol,
    symbolSize: 7,
    itemStyle: { color: colour, opacity: 0.7 },
    data: Array.from(c.samples.keys())
      .filter(i => c.labels[i] === label)
      .map(i => ({ value: [c.scoresA[i], c.scoresB[i]], name: c.samples[i] })),
  })
  const line = (data: readonly (readonly number[])[]) => ({ type: 'line', name: 'thresholds', showSymbol: false, silent: true, lineStyle: { color: ink, type: 'dotted', width: 1 }, itemStyle: { color: ink }, data }) // biome-ignore format: one line
  const groups = [
    points('cases', 1, VERMILION, 'diamond'),
    points('controls', 0, blueOf(look), 'circle'),
    points('no label', -1, ink, 'triangle'),
  ]
  return {
    ...frame(look),
    tooltip: { trigger: 'item' },
    xAxis: axis(look, names[0], 26),
    yAxis: axis(look, names[1], 34),
    series: [
      ...groups.filter(g => g.data.length > 0),
      line([[c.a.threshold, 0], [c.a.threshold, 1]]), // biome-ignore format: two points
      line([[0, c.b.threshold], [1, c.b.threshold]]), // biome-ignore format: two points
    ],
  }
}

const calibrationSeries = (name: string, bins: readonly CalibrationBin[], colour: string, symbol: string) => {
  const filled = bins.filter(b => b.n > 0)
  return [
    {
      type: 'line',
      name,
      symbol,
      symbolSize: 8,
      lineStyle: { color: colour, width: 1 },
      itemStyle: { color: colour },
      data: filled.map(b => [b.meanProbability, b.observed]),
    },
    {
      type: 'line',
      name: `${name}, 95 %`,
      showSymbol: false,
      silent: true,
      lineStyle: { color: colour, width: 1.5, opacity: 0.6 },
      itemStyle: { color: colour },
      data: filled.flatMap(b => [[b.meanProbability, b.ci95[0]], [b.meanProbability, b.ci95[1]], [b.meanProbability, '-']]), // biome-ignore format: one bar and a gap
    },
  ]
}

/** Observed share of cases against the mean probability, in bins, with Wilson's intervals. */
export function calibrationOption(cohort: RiskCohort, look: ChartLook): ChartOption {
  const { metrics } = cohort
  return {
    ...frame(look),
    legend: { ...frame(look).legend, data: ['model', 'two SNPs', 'perfect'] },
    tooltip: { trigger: 'item' },
    xAxis: axis(look, 'mean probability of the bin', 26),
    yAxis: axis(look, 'share of cases', 34),
    series: [
      ...calibrationSeries('model', metrics?.model?.calibration ?? [], VERMILION, 'circle'),
      ...calibrationSeries('two SNPs', metrics?.['two-snp']?.calibration ?? [], blueOf(look), 'rect'),
      diagonal(look, 'perfect'),
    ],
  }
}

/** Distribution of the scores of cases and controls, with the threshold. */
export function scoresOption(cohort: RiskCohort, threshold: number, look: ChartLook): ChartOption {
  const people = judged(cohort.rows)
  const labelled = people.length > 0 ? people : cohort.rows
  const cases = scoreBins(labelled, 1)
  const controls = scoreBins(labelled, 0)
  const steps = (bins: readonly number[]) => [
    ...bins.map((share, i) => [i / SCORE_BINS, 100 * share]),
    [1, 100 * (bins.at(-1) ?? 0)],
  ]
  const top = 100 * Math.max(...cases, ...controls, 0.01)
  const area = (name: string, bins: readonly number[], colour: string, dash: 'solid' | 'dashed') => ({
    type: 'line',
    name,
    step: 'end',
    showSymbol: false,
    lineStyle: { color: colour, type: dash, width: 2 },
    itemStyle: { color: colour },
    areaStyle: { color: colour, opacity: 0.18 },
    data: steps(bins),
  })
  return {
    ...frame(look),
    tooltip: { trigger: 'axis', valueFormatter: (v: unknown) => `${Number(v).toFixed(1)} %` },
    xAxis: axis(look, 'probability by the model', 26),
    yAxis: axis(look, '% of the class', 34, null),
    series: [
      area('cases', cases, VERMILION, 'solid'),
      area('controls', controls, blueOf(look), 'dashed'),
      {
        type: 'line',
        name: 'threshold',
        showSymbol: false,
        silent: true,
        lineStyle: { color: look.dark ? '#dfe4e6' : '#1c2226', width: 2, type: 'dotted' },
        itemStyle: { color: look.dark ? '#dfe4e6' : '#1c2226' },
        data: [[threshold, 0], [threshold, top]], // biome-ignore format: two points
      },
    ],
  }
}
