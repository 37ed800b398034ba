import type { TuneCurve } from '../../../src-shared/genome/tune.ts'
import { type ChartLook, type ChartOption, inkOf } from './cohortCharts.ts'

/** Options of the charts of a training. A split has a colour and a name; its training and validation differ by dash and mark. */

const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'] as const
const DARK_COLOURS = ['#56b4e9', '#ff8a3d', '#2fc49a', '#e39cc4', '#e69f00', '#9ad0f5'] as const
const colourOf = (split: number, { dark }: ChartLook) => (dark ? DARK_COLOURS : COLOURS)[(split - 1) % COLOURS.length] ?? COLOURS[0] // biome-ignore format: one line

const frame = (look: ChartLook, yName: string, bounds: { readonly min?: number; readonly max?: number }) => ({
  grid: { left: 54, right: 14, top: 26, bottom: 38 },
  legend: { top: 0, type: 'scroll', textStyle: { color: inkOf(look), fontSize: 11 }, itemWidth: 16, itemGap: 8 },
  tooltip: { trigger: 'axis', valueFormatter: (v: unknown) => (typeof v === 'number' ? v.toFixed(4) : '') },
  xAxis: {
    type: 'value',
    name: 'step of the split',
    nameLocation: 'middle',
    nameGap: 22,
    min: 0,
    axisLabel: { color: inkOf(look) },
    nameTextStyle: { color: inkOf(look) },
    splitLine: { show: false },
  },
  yAxis: {
    type: 'value',
    name: yName,
    nameLocation: 'middle',
    nameGap: 38,
    scale: true,
    ...bounds,
    axisLabel: { color: inkOf(look) },
    nameTextStyle: { color: inkOf(look) },
    splitLine: { lineStyle: { color: look.dark ? '#363b3f' : '#e3e6e8' } },
  },
})

const pairs = (steps: Int32Array, values: Float64Array) => Array.from(steps, (step, i) => [step, values[i] ?? '-'])

interface Mark {
  readonly name: string
  readonly symbol: string
  readonly points: readonly (readonly (number | string)[])[]
}

/** Points that say something of a curve, in the colour of text. */
const marks = (look: ChartLook, list: readonly Mark[]) =>
  list
    .filter(m => m.points.length > 0)
    .map(m => ({
      type: 'line',
      name: m.name,
      symbol: m.symbol,
      symbolSize: 11,
      lineStyle: { opacity: 0 },
      itemStyle: { color: 'transparent', borderColor: look.dark ? '#dfe4e6' : '#1c2226', borderWidth: 1.6 },
      data: m.points,
    }))

/** Where each curve of the validation has its best step, and where it ended early. */
function ends(curves: readonly TuneCurve[], of: (c: TuneCurve) => Float64Array): readonly Mark[] {
  const at = (c: TuneCurve, step: number | undefined) => {
    const i = c.validationSteps.indexOf(step ?? -1)
    return i < 0 ? [] : [[c.validationSteps[i] ?? 0, of(c)[i] ?? 0]]
  }
  return [
    { name: 'kept', symbol: 'diamond', points: curves.flatMap(c => at(c, c.bestStep ?? undefined)) },
    { name: 'stopped early', symbol: 'rect', points: curves.flatMap(c => (c.stoppedEarly ? at(c, c.validationSteps.at(-1)) : [])) }, // biome-ignore format: one line
  ]
}

/** Training and validation loss against steps. */
export function lossOption(curves: readonly TuneCurve[], look: ChartLook): ChartOption {
  return {
    ...frame(look, 'loss (nats)', { min: 0 }),
    series: [
      ...curves.flatMap(c => [
        {
          type: 'line',
          name: `split ${c.split}`,
          showSymbol: false,
          sampling: 'lttb',
          lineStyle: { color: colourOf(c.split, look), width: 1, opacity: 0.55 },
          itemStyle: { color: colourOf(c.split, look) },
          data: pairs(c.steps, c.loss),
        },
        {
          type: 'line',
          name: `split ${c.split}`,
          symbol: 'circle',
          symbolSize: 6,
          lineStyle: { color: colourOf(c.split, look), width: 2, type: 'dashed' },
          itemStyle: { color: colourOf(c.split, look) },
          data: pairs(c.validationSteps, c.validationLoss),
        },
      ]),
      ...marks(look, ends(curves, c => c.validationLoss)), // biome-ignore format: one line
    ],
  }
}

/** AUC of the validation people against steps. */
export function aucOption(curves: readonly TuneCurve[], look: ChartLook): ChartOption {
  return {
    ...frame(look, 'validation AUC', { max: 1 }),
    series: [
      ...curves.map(c => ({
        type: 'line',
        name: `split ${c.split}`,
        symbol: 'circle',
        symbolSize: 6,
        lineStyle: { color: colourOf(c.split, look), width: 2 },
        itemStyle: { color: colourOf(c.split, look) },
        data: pairs(c.validationSteps, c.validationAuc),
      })),
      ...marks(look, ends(curves, c => c.validationAuc)), // biome-ignore format: one line
    ],
  }
}
