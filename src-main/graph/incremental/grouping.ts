import { flopsOf } from '../flops.ts'
import type { Node, Tensor } from '../graph.ts'
import type { Reach } from '../operation.ts'
import type { MutantAnalysis } from './analysis.ts'
import { buildGlobal, type GlobalGraph } from './global.ts'
import { type AxisSpan, buildLocal, type LocalPlan, planLocal } from './local.ts'
import { buildWindows } from './windows.ts'

/** How positions are gathered to classes that share graphs. */
export interface Grouping {
  /** Bases after which the pooling of all local layers begins anew. */
  readonly period: number
  /** Neighbouring positions (an aligned run, a divisor of the period) that share a local graph. */
  readonly group: number
  /** One local graph of windows of fixed length serves every position (see windows.ts); else each group has its own. */
  readonly windows: boolean
  /** See GlobalOptions. */
  readonly placed: boolean
  /** Matrix products and convolutions of one mutant. */
  readonly localFlops: number
  readonly globalFlops: number
}

/** Recomputing more positions than one mutant needs may cost so much of the rest: fewer sessions are opened then. */
const TOLERATED = 0.01

/**
 * How to group positions: one session for as many neighbouring positions as cost next to nothing where the whole-sequence part
 * dominates, and for single positions of the pooling period where there is no such part.
 */
export function chooseGrouping(analysis: MutantAnalysis): Grouping {
  const length = analysis.input.shape[1]!
  const middle = Math.floor(length / 2)
  const period = Math.min(length, periodOf(analysis, planLocal(analysis, { start: middle, end: middle + 1 })))
  const at = (size: number) => aligned(middle, size, length)
  const plan = planLocal(analysis, at(period))
  const flopsAt = (placed: boolean) => globalFlops(buildGlobal(analysis, plan, { batch: 1, placed }))
  const [lying, put] = [flopsAt(false), flopsAt(true)]
  const placed = !(lying < 0.995 * put)
  let rest = Math.min(lying, put)
  const cost = (size: number) => flopsOf(Object.values(buildLocal(analysis, planLocal(analysis, at(size)), 1).outputs))
  const windows = buildWindows(analysis, planLocal(analysis, at(1)), 1)
  if (windows && placed) {
    const lengths = new Map([...windows.frontier].map(([t, w]) => [t, w.length]))
    rest = globalFlops(buildGlobal(analysis, plan, { batch: 1, placed, lengths }))
  }
  if (windows) return { period, group: 1, placed, windows: true, localFlops: flopsOf(Object.values(windows.outputs)), globalFlops: rest } // biome-ignore format: one line
  const least = cost(1)
  let [group, localFlops] = [1, least]
  for (let size = 2; size <= period; size++) {
    if (period % size !== 0) continue
    const flops = cost(size)
    if (flops > least + TOLERATED * rest) break
    group = size
    localFlops = flops
  }
  return { period, group, placed, windows: false, localFlops, globalFlops: rest }
}

const globalFlops = (graph: GlobalGraph): number => flopsOf(Object.values(graph.outputs))

/** The aligned run of `size` bases that holds a position. */
export function aligned(position: number, size: number, length: number): { start: number; end: number } {
  const start = Math.floor(position / size) * size
  return { start, end: Math.min(length, start + size) }
}

/** Bases of a position of the coarsest layer that the plan reaches. */
function periodOf(analysis: MutantAnalysis, plan: LocalPlan): number {
  const bases = new Map<Tensor, number>([[analysis.input, 1]])
  let period = 1
  for (const node of analysis.nodes) {
    if (!node.operation || !node.outputs.some(t => plan.spans.has(t))) continue
    const scales = node.inputs.flatMap((x, i) => {
      const [known, span] = [bases.get(x), plan.spans.get(x)]
      return known === undefined || !span ? [] : [known * stepOf(node, i, span)]
    })
    if (scales.length === 0) continue
    const scale = Math.max(...scales)
    for (const t of node.outputs) bases.set(t, scale)
    period = Math.max(period, Math.ceil(scale))
  }
  return period
}

/** Input positions that make one output position. */
function stepOf(node: Node, input: number, span: AxisSpan): number {
  const { reach }: { reach: Reach } = node.operation!.locality(node, input, span.axis)
  switch (reach.kind) {
    case 'pool':
      return reach.size
    case 'stride':
      return reach.step
    case 'upsample':
      return 1 / reach.factor
    default:
      return 1
  }
}
