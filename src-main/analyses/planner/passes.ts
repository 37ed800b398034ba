import { intsOf } from './innerTypes.ts'
import type { RuntimeKernel } from './runtimeKernels.ts'
import type { TracedValue } from './trace.ts'

/** Kinds of work that goes over elements once: each has measured times by the number of elements. */
export const PASSES = [
  'binary', // two tensors of one size
  'scalar', // with one number
  'broadcast', // with a row or column
  'arithmetic', // one tensor, cheap: neg, abs, relu, sqrt, cast
  'exp',
  'erf',
  'tanh',
  'sigmoid',
  'log',
  'softplus',
  'pow',
  'gelu',
  'quickGelu',
  'tanhGelu',
  'softmax',
  'layerNorm',
  'reduceRows', // over the last axes
  'reduceColumns', // over the first
  'compare',
  'where',
  'transposeBlocks', // the last axis stays
  'transposeElements',
  'slice',
  'concat',
  'split', // the last axis, element by element
  'gather',
  'expand',
  'maxPool',
] as const
export type Pass = (typeof PASSES)[number]

const UNARY: Readonly<Record<string, Pass>> = {
  Exp: 'exp', Erf: 'erf', Tanh: 'tanh', Sigmoid: 'sigmoid', Log: 'log', Softplus: 'softplus', Pow: 'pow',
  Gelu: 'gelu', QuickGelu: 'quickGelu', FastGelu: 'tanhGelu', Softmax: 'softmax', LogSoftmax: 'softmax',
  LayerNormalization: 'layerNorm', Slice: 'slice', Pad: 'concat', Concat: 'concat', Gather: 'gather', Expand: 'expand',
  MaxPool: 'maxPool', Where: 'where', GatherElements: 'gather', ScatterND: 'gather', CumSum: 'arithmetic', ArgMax: 'reduceRows',
} // biome-ignore format: a table
const BINARY = new Set(['Add', 'Sub', 'Mul', 'Div', 'Min', 'Max', 'BitShift'])
const COMPARES = new Set(['Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual', 'Equal', 'And', 'Or'])

/** What kind of pass a kernel is; undefined for matrix products, convolutions and views. */
export function passOf(kernel: RuntimeKernel): { readonly pass: Pass; readonly elements: number } | undefined {
  const { op, reads, writes } = kernel
  if (op === 'MatMul' || op === 'Gemm' || op === 'Conv' || op === 'View') return undefined
  const written = sum(writes)
  const elements = Math.max(written, ...reads.filter(r => r.source !== 'kept').map(r => r.elements))
  if (BINARY.has(op)) return { pass: binaryPass(reads, written), elements: written }
  if (COMPARES.has(op)) return { pass: 'compare', elements: written }
  if (op.startsWith('Reduce')) return { pass: reducePass(kernel), elements }
  if (op === 'Transpose') return { pass: transposePass(kernel), elements }
  if (op === 'Split') return { pass: writes[0]!.shape.at(-1) === 1 ? 'split' : 'slice', elements }
  if (op === 'Gather' || op === 'Slice' || op === 'Expand') return { pass: UNARY[op]!, elements: written }
  return { pass: UNARY[op] ?? 'arithmetic', elements }
}

function binaryPass(reads: readonly TracedValue[], written: number): Pass {
  const least = Math.min(...reads.map(r => r.elements))
  return least === written ? 'binary' : least === 1 ? 'scalar' : 'broadcast'
}

function reducePass({ reads, attributes }: RuntimeKernel): Pass {
  const [x, list] = reads
  const axes = (list?.numbers ?? intsOf(attributes['axes'])).map(a => (a < 0 ? a + x!.shape.length : a))
  return axes.length === 0 || axes.includes(x!.shape.length - 1) ? 'reduceRows' : 'reduceColumns'
}

const transposePass = ({ attributes }: RuntimeKernel): Pass => {
  const perm = intsOf(attributes['perm'])
  return perm.at(-1) === perm.length - 1 ? 'transposeBlocks' : 'transposeElements'
}

const sum = (values: readonly TracedValue[]): number => values.reduce((n, v) => n + v.elements, 0)
