import { expect } from 'vitest'
import { gradient } from '../gradient.ts'
import { Graph, type Tensor } from '../graph.ts'
import { emitOnnx } from '../onnx.ts'
import { mul } from '../ops/mul.ts'
import { reduceSum } from '../ops/reduceSum.ts'
import { evaluate } from '../reference.ts'
import { type DType, isFloat, sizeOf, type TensorData, toData } from '../types.ts'
import { type Random, seededRandom } from './random.ts'

/** The part of onnxruntime-node that checks use. It is given by the test file: only tests and compute may import the engine. */
export interface OrtLike {
  readonly InferenceSession: { create(bytes: Uint8Array, options?: object): Promise<OrtSession> }
  readonly Tensor: new (type: DType, data: TensorData, dims: readonly number[]) => unknown
}
interface OrtSession {
  run(feeds: Record<string, unknown>): Promise<Record<string, { data: unknown }>>
  release(): Promise<void>
}

export interface InputCase {
  readonly shape: readonly number[]
  readonly dtype?: DType
  /** Draws one value; default: between -2 and 2, away from 0 by 0.05 so that finite differences never cross a corner. */
  readonly draw?: (random: Random, index: number) => number
}

export interface OperationCase {
  readonly inputs: Readonly<Record<string, InputCase>>
  readonly build: (inputs: Readonly<Record<string, Tensor>>, graph: Graph) => Tensor
  /** Compare gradients with central differences. Default: when the output is a float. */
  readonly gradients?: boolean
  /** Largest relative difference in float32. Default 2e-5. */
  readonly tolerance32?: number
  readonly seed?: number
}

/** Values by name as the engine computes them. */
export async function runOnce(
  ort: OrtLike,
  outputs: Readonly<Record<string, Tensor>>,
  feeds: ReadonlyMap<string, ArrayLike<number>>,
): Promise<Map<string, TensorData>> {
  const model = emitOnnx(outputs)
  const session = await ort.InferenceSession.create(model.bytes, { logSeverityLevel: 4 })
  try {
    const values: Record<string, unknown> = {}
    for (const [name, type] of model.inputs)
      values[name] = new ort.Tensor(type.dtype, toData(type.dtype, feeds.get(name)!), type.shape)
    const result = await session.run(values)
    return new Map(Object.keys(outputs).map(name => [name, result[name]!.data as TensorData]))
  } finally {
    await session.release()
  }
}

/** Largest |a - b| over the largest |b| (at least 1e-3, so that results near 0 are compared absolutely). */
export function relativeDifference(a: ArrayLike<number | bigint>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length)
  let difference = 0
  let size = 1e-3
  for (let i = 0; i < b.length; i++) {
    const gap = Math.abs(Number(a[i]) - b[i]!)
    difference = Number.isNaN(gap) ? Number.POSITIVE_INFINITY : Math.max(difference, gap)
    size = Math.max(size, Math.abs(b[i]!))
  }
  return difference / size
}

/**
 * Checks one operation: ONNX Runtime in float64 and float32 against the plain loops, twice to the same bytes, and the
 * gradient graph by every float input against central finite differences of the plain loops.
 */
export async function checkOperation(ort: OrtLike, testCase: OperationCase): Promise<void> {
  const random = seededRandom(testCase.seed ?? 1)
  const feeds = new Map<string, number[]>()
  for (const [name, { shape, dtype, draw }] of Object.entries(testCase.inputs)) {
    const one = draw ?? (isFloat(dtype ?? 'float64') ? awayFromZero : r => Math.floor(r() * 3))
    feeds.set(
      name,
      Array.from({ length: sizeOf(shape) }, (_, i) => Math.fround(one(random, i))),
    )
  }
  for (const float of ['float64', 'float32'] as const) {
    const { output } = built(testCase, float)
    const [truth] = evaluate([output], feeds)
    const first = (await runOnce(ort, { output }, feeds)).get('output')!
    const second = (await runOnce(ort, { output }, feeds)).get('output')!
    expect(relativeDifference(first, truth!.values)).toBeLessThan(
      float === 'float64' ? 1e-12 : (testCase.tolerance32 ?? 2e-5),
    )
    expect(new Uint8Array(second.buffer)).toEqual(new Uint8Array(first.buffer))
  }
  const { graph, inputs, output } = built(testCase, 'float64')
  if (testCase.gradients ?? isFloat(output.dtype)) await checkGradients(ort, graph, inputs, output, feeds, random)
}

const awayFromZero = (random: Random): number => {
  const value = random() * 4 - 2
  return value + (value < 0 ? -0.05 : 0.05)
}

function built(testCase: OperationCase, float: 'float32' | 'float64') {
  const graph = new Graph({ float })
  const inputs: Record<string, Tensor> = {}
  for (const [name, { shape, dtype }] of Object.entries(testCase.inputs))
    inputs[name] = graph.input(name, shape, dtype ?? float)
  return { graph, inputs, output: testCase.build(inputs, graph) }
}

/** Gradients of Σ output · weights by every float input, against (f(x + h) - f(x - h)) / 2h. */
export async function checkGradients(
  ort: OrtLike,
  graph: Graph,
  inputs: Readonly<Record<string, Tensor>>,
  output: Tensor,
  feeds: ReadonlyMap<string, readonly number[]>,
  random: Random,
  tolerance = 1e-6,
): Promise<void> {
  const weights = Array.from({ length: sizeOf(output.shape) }, () => random() * 2 - 1)
  const loss = reduceSum(mul(output, graph.constant(weights, output.shape, 'float64')))
  const names = Object.keys(inputs).filter(name => isFloat(inputs[name]!.dtype))
  const gradients = gradient(
    loss,
    names.map(name => inputs[name]!),
  )
  const outputs = Object.fromEntries(names.map((name, i) => [`d_${name}`, gradients[i]!]))
  const computed = await runOnce(ort, outputs, feeds)
  for (const name of names) {
    const values = feeds.get(name)!
    const numeric = values.map((value, i) => {
      const step = 1e-5 * Math.max(1, Math.abs(value))
      const at = (x: number) => evaluate([loss], new Map(feeds).set(name, values.with(i, x)))[0]!.values[0]!
      return (at(value + step) - at(value - step)) / (2 * step)
    })
    expect(relativeDifference(computed.get(`d_${name}`)!, numeric), `gradient by ${name}`).toBeLessThan(tolerance)
  }
}
