import { Graph, type Tensor } from '../../graph/graph.ts'
import {
  concat,
  conv1d,
  deinterleave,
  erf,
  exp,
  expand,
  gather,
  gelu,
  greater,
  layerNorm,
  linear,
  log,
  matmul,
  maxPool1d,
  mul,
  neg,
  pow,
  reduceSum,
  reshape,
  sigmoid,
  slice,
  softmax,
  softplus,
  tanh,
  transpose,
  where,
} from '../../graph/ops.ts'
import { sizeOf } from '../../graph/types.ts'
import { PASSES, type Pass } from './passes.ts'
import { convolution, matrix, type Product } from './products.ts'

/** A graph that is timed, on ordinary numbers. */
export interface CalibrationGraph {
  readonly name: string
  readonly inputs: readonly Tensor[]
  readonly outputs: Readonly<Record<string, Tensor>>
  /** Weights that are inside the model file. */
  readonly weights: readonly Tensor[]
}

const ROW = 512
const CHANNELS = 64

/**
 * Elements of a pass that are measured: how many tensors of that size one run goes over, of how many that it reads.
 */
export const PASS_SIZES: readonly { readonly elements: number; readonly passes: number; readonly tensors: number }[] = [
  { elements: 2 ** 10, passes: 32, tensors: 32 },
  { elements: 2 ** 14, passes: 16, tensors: 16 },
  { elements: 2 ** 17, passes: 8, tensors: 8 },
  { elements: 2 ** 20, passes: 2, tensors: 2 },
  { elements: 2 ** 22, passes: 1, tensors: 2 },
  { elements: 2 ** 24, passes: 1, tensors: 2 }, // 64 MiB each: beyond any cache, as activations of long windows are
]

/** One result of each tensor is asked for, so that nothing large leaves the process. */
const picked = (y: Tensor): Tensor => slice(reshape(y, [-1]), 0, 0, 1)

/** `pass` over the first `passes` of the tensors; without one: what asking for results costs alone. */
export function passGraph(
  pass: Pass | undefined,
  elements: number,
  passes: number,
  tensors = passes,
): CalibrationGraph {
  const graph = new Graph()
  const inputs = Array.from({ length: tensors }, (_, i) => graph.input(`x${i}`, [elements / ROW, ROW]))
  const results = inputs.map((x, i) => (pass && i < passes ? PASS_GRAPHS[pass](x, inputs[(i + 1) % tensors]!) : x))
  return {
    name: pass ?? 'nothing',
    inputs,
    outputs: Object.fromEntries(results.map((y, i) => [`y${i}`, picked(y)])),
    weights: [],
  }
}

const zeros = (x: Tensor, length: number) => x.graph.constant(new Float32Array(length), [length])
const sequence = (x: Tensor) => reshape(x, [1, -1, ROW])
const split = (x: Tensor) => deinterleave(x, 2)[0]!

const PASS_GRAPHS: Readonly<Record<Pass, (x: Tensor, other: Tensor) => Tensor>> = {
  binary: (x, other) => mul(x, other),
  scalar: x => mul(x, 0.5),
  broadcast: x => mul(x, zeros(x, ROW)),
  arithmetic: x => neg(x),
  exp: x => exp(x),
  erf: x => erf(x),
  tanh: x => tanh(x),
  sigmoid: x => sigmoid(x),
  log: x => log(x),
  softplus: x => softplus(x),
  pow: x => pow(x, 3),
  gelu: x => gelu(x, 'erf'),
  quickGelu: x => gelu(x, 'sigmoid'),
  tanhGelu: x => gelu(x, 'tanh'),
  softmax: x => softmax(x),
  layerNorm: x => layerNorm(x, zeros(x, ROW), zeros(x, ROW)),
  reduceRows: x => reduceSum(x, 1),
  reduceColumns: x => reduceSum(x, 0),
  compare: x => greater(x, 0.5),
  where: (x, other) => where(x.graph.constant(new Uint8Array(ROW), [ROW], 'bool'), x, other),
  transposeBlocks: x => transpose(reshape(x, [-1, ROW / CHANNELS, CHANNELS]), [1, 0, 2]),
  transposeElements: x => transpose(x, [1, 0]),
  slice: x => slice(x, 1, 0, ROW - 1),
  concat: x => concat([x, x.graph.constant(new Float32Array(x.shape[0]!), [x.shape[0]!, 1])], 1),
  split: x => split(x),
  gather: x => gather(reshape(x, [-1, CHANNELS]), rows(x), 0),
  expand: x => expand(slice(x, 0, 0, 1), x.shape),
  maxPool: x => maxPool1d(sequence(x), 2),
}

function rows(x: Tensor): Tensor {
  const count = sizeOf(x.shape) / CHANNELS
  return x.graph.constant(
    Int32Array.from({ length: count }, (_, i) => (i * 7) % count),
    [count],
    'int32',
  )
}

export { PASSES }

export interface ProductSample {
  readonly product: Product
  graph(): CalibrationGraph
}

const one = (
  name: string,
  inputs: readonly Tensor[],
  y: Tensor,
  weights: readonly Tensor[] = [],
): CalibrationGraph => ({
  name,
  inputs,
  outputs: { y0: picked(y) },
  weights,
})

/** [m, k] by a weight of the model file, [n, k]. */
export function packedGraph(m: number, k: number, n: number): CalibrationGraph {
  const graph = new Graph()
  const x = graph.input('x', [m, k])
  const w = graph.parameter('w', [n, k])
  return one(`packed ${m} ${k} ${n}`, [x], linear(x, w), [w])
}

const packedSample = ([m, k, n]: readonly [number, number, number]): ProductSample => ({
  product: matrix('packed', 1, m, k, n),
  graph: () => packedGraph(m, k, n),
})

function matmulSample([batch, m, k, n]: readonly [number, number, number, number], turned = false): ProductSample {
  return {
    product: matrix(batch === 1 ? 'single' : 'batched', batch, m, k, n),
    graph() {
      const graph = new Graph()
      const lead = batch === 1 ? [] : [batch]
      const a = graph.input('a', [...lead, m, k])
      const b = graph.input('b', turned ? [...lead, n, k] : [...lead, k, n])
      return one(`product ${batch} ${m} ${k} ${n}`, [a, b], matmul(a, b, { transposeB: turned }))
    },
  }
}

function convSample([channels, out, kernel, length]: readonly [number, number, number, number]): ProductSample {
  return {
    product: convolution([1, channels, length], [out, channels, kernel], [1, out, length], 1),
    graph() {
      const graph = new Graph()
      const x = graph.input('x', [1, channels, length])
      const w = graph.parameter('w', [out, channels, kernel])
      return one(`convolution ${channels} ${out} ${kernel} ${length}`, [x], conv1d(x, w), [w])
    },
  }
}

/**
 * Shapes as networks have them: projections, attention, gradients of weights; stems, towers and pointwise layers.
 */
export const PRODUCT_SAMPLES: readonly ProductSample[] = [
  ...([[512, 256, 256], [128, 512, 2048], [256, 1024, 256], [1024, 256, 512], [256, 768, 768], [4096, 64, 64], [8192, 32, 128], [16, 1024, 1024], [128, 64, 4096], [64, 2048, 1024], [4096, 768, 768], [2048, 768, 3072], [4096, 768, 32], [4096, 32, 768], [4096, 768, 128], [4096, 128, 3072]] as const).map(packedSample), // biome-ignore format: a table
  ...([[1, 512, 512, 512], [1, 256, 2048, 256], [1, 256, 1024, 512], [1, 2048, 256, 256], [1, 64, 8192, 64], [1, 2048, 512, 64], [1, 64, 1024, 2048], [1, 128, 128, 4096], [1, 2048, 768, 768], [1, 768, 4096, 32]] as const).map(s => matmulSample(s)), // biome-ignore format: a table
  ...([[1, 512, 512, 512], [1, 2048, 128, 512], [32, 128, 64, 128], [8, 512, 64, 512], [2, 1024, 64, 1024], [8, 785, 16, 785], [128, 64, 32, 192], [4, 512, 128, 512], [12, 2048, 64, 2048], [96, 512, 64, 512]] as const).map(s => matmulSample(s, true)), // biome-ignore format: a table
  ...([[32, 128, 128, 64], [8, 512, 512, 64], [2, 1024, 1024, 64], [8, 785, 785, 16], [128, 64, 192, 32], [8, 256, 64, 1024], [4, 512, 512, 128], [12, 2048, 2048, 64]] as const).map(s => matmulSample(s)), // biome-ignore format: a table
  ...([[96, 96, 1, 16384], [192, 192, 1, 2048], [768, 768, 1, 256], [384, 448, 1, 1024], [64, 64, 1, 32768], [32, 32, 1, 32768]] as const).map(convSample), // biome-ignore format: a table
  ...([[4, 96, 15, 16384], [4, 384, 15, 4096], [4, 300, 19, 4800], [4, 32, 5, 65536], [4, 64, 1, 32768], [4, 32, 15, 32768]] as const).map(convSample), // biome-ignore format: a table
  ...([[96, 96, 5, 4096], [448, 512, 5, 128], [512, 512, 3, 128], [128, 160, 5, 1024], [256, 256, 3, 1024], [300, 200, 11, 200], [32, 32, 5, 32768], [64, 64, 9, 4096]] as const).map(convSample), // biome-ignore format: a table
]

/** A chain of kernels that do next to nothing: what each costs to open. */
export function chainGraph(kernels: number): CalibrationGraph {
  const graph = new Graph()
  const x = graph.input('x', [4])
  let y = x
  for (let i = 0; i < kernels; i++) y = mul(y, x)
  return one('chain', [x], y)
}

/** Each of `count` tensors is read once and gives one of its size. */
export function fedGraph(count: number, elements: number): CalibrationGraph {
  const graph = new Graph()
  const inputs = Array.from({ length: count }, (_, i) => graph.input(`x${i}`, [elements]))
  return { name: 'fed', inputs, outputs: Object.fromEntries(inputs.map((x, i) => [`y${i}`, neg(x)])), weights: [] }
}
