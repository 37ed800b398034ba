import { fromBinary } from '@bufbuild/protobuf'
import {
  type GraphProto,
  ModelProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  type ValueInfoProto,
} from 'onnx-buf'

/** What can be told of an ONNX file before it runs: its weights, the files it points to, and the tensors between its nodes. */
export interface ModelPlan {
  /** Bytes of all initialisers, inside the file or beside it. */
  readonly weightBytes: number
  /** Files of external data, relative to the model's folder. */
  readonly externalFiles: readonly string[]
  /** Operators that draw random numbers without a seed: their results do not repeat. */
  readonly unseeded: readonly string[]
  readonly inputs: readonly PlannedValue[]
  readonly outputs: readonly string[]
  readonly values: ReadonlyMap<string, PlannedValue>
  readonly steps: readonly {
    readonly op: string
    readonly reads: readonly string[]
    readonly writes: readonly string[]
  }[]
}

interface PlannedValue {
  readonly name: string
  readonly elementBytes: number
  readonly shape: readonly (number | string)[]
}

// onnx.proto TensorProto.DataType
const ELEMENT_BYTES: Readonly<Record<number, number>> = { 1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 16: 2 } // biome-ignore format: a table

/** @throws when the bytes are not an ONNX model */
export function planModel(bytes: Uint8Array): ModelPlan {
  const model = fromBinary(ModelProtoSchema, bytes)
  const graph = model.graph
  if (!graph) throw new Error('the file holds no graph')
  const initialisers = new Set(graph.initializer.map(t => t.name))
  const values = new Map<string, PlannedValue>()
  for (const v of [...graph.input, ...graph.valueInfo, ...graph.output]) {
    const planned = plannedValue(v)
    if (planned) values.set(planned.name, planned)
  }
  return {
    weightBytes: graph.initializer.reduce((sum, t) => sum + weightBytes(t), 0),
    externalFiles: externalFiles(graph),
    unseeded: unseeded(graph),
    inputs: graph.input.filter(v => !initialisers.has(v.name)).flatMap(v => plannedValue(v) ?? []),
    outputs: graph.output.map(v => v.name),
    values,
    steps: graph.node.map(n => ({ op: n.opType, reads: n.input, writes: n.output })),
  }
}

const weightBytes = (t: TensorProto) => t.dims.reduce((n, d) => n * Number(d), 1) * (ELEMENT_BYTES[t.dataType] ?? 4)

function externalFiles(graph: GraphProto): string[] {
  const names = new Set<string>()
  for (const t of graph.initializer) {
    if (t.dataLocation !== TensorProto_DataLocation.EXTERNAL) continue
    const location = t.externalData.find(e => e.key === 'location')?.value
    if (location) names.add(location)
  }
  return [...names]
}

const RANDOM = new Set([
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Multinomial',
  'Bernoulli',
])

function unseeded(graph: GraphProto): string[] {
  const found = graph.node.filter(n => RANDOM.has(n.opType) && !n.attribute.some(a => a.name === 'seed'))
  return [...new Set(found.map(n => n.opType))]
}

function plannedValue(v: ValueInfoProto): PlannedValue | undefined {
  const type = v.type?.value
  if (type?.case !== 'tensorType' || !type.value.shape) return undefined
  return {
    name: v.name,
    elementBytes: ELEMENT_BYTES[type.value.elemType] ?? 4,
    shape: type.value.shape.dim.map(d =>
      d.value.case === 'dimValue' ? Number(d.value.value) : (d.value.value ?? '?'),
    ),
  }
}

/** Outputs that are another view of the first input: no memory of their own. */
const VIEWS = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'Identity'])
/** Element by element: may be written over an input that nobody reads later. */
const IN_PLACE = new Set([
  'Add',
  'Sub',
  'Mul',
  'Div',
  'Relu',
  'Sigmoid',
  'Tanh',
  'Exp',
  'Log',
  'Sqrt',
  'Neg',
  'Abs',
  'Erf',
  'Pow',
  'Clip',
  'Dropout',
  'Softplus',
  'Reciprocal', // biome-ignore format: a set
])

export interface MemoryEstimate {
  /** Weights, inputs, the largest set of tensors alive at once, and the copies of the outputs. */
  readonly bytes: number
  /** False where the file does not state every shape: such a tensor is taken to be as large as the largest that its node reads. */
  readonly complete: boolean
}

/** Memory that a run with inputs of these shapes needs, from the lifetimes of the tensors in node order. */
export function estimateMemory(
  plan: ModelPlan,
  shapes: ReadonlyMap<string, readonly number[]>,
  returned: readonly string[],
): MemoryEstimate {
  const free = new Map<string, number>()
  let inputBytes = 0
  for (const input of plan.inputs) {
    const shape = shapes.get(input.name)
    if (!shape) continue
    inputBytes += shape.reduce((n, d) => n * d, 1) * input.elementBytes
    for (const [axis, d] of input.shape.entries()) {
      const size = shape[axis]
      if (typeof d === 'string' && size !== undefined) free.set(d, size)
    }
  }
  let complete = true
  const sizeOf = (name: string): number | undefined => {
    const v = plan.values.get(name)
    let n = v?.elementBytes ?? 0
    for (const d of v?.shape ?? []) n *= typeof d === 'number' ? d : (free.get(d) ?? Number.NaN)
    if (v && Number.isFinite(n)) return n
    complete = false
    return undefined
  }
  const owner = new Map<string, string>()
  const ownerOf = (name: string) => owner.get(name) ?? name
  const lastRead = new Map<string, number>()
  for (const [i, step] of plan.steps.entries()) {
    const source = step.reads[0]
    if (VIEWS.has(step.op) && source && step.writes[0]) owner.set(step.writes[0], ownerOf(source))
    for (const r of step.reads) lastRead.set(ownerOf(r), i)
  }
  for (const o of plan.outputs) lastRead.set(ownerOf(o), plan.steps.length)
  const alive = new Map<string, number>()
  const known = new Map<string, number>()
  for (const input of plan.inputs) known.set(input.name, sizeOf(input.name) ?? 0)
  let now = 0
  let peak = 0
  const release = (reads: readonly string[], at: number) => {
    for (const r of reads) {
      const o = ownerOf(r)
      const size = alive.get(o)
      if (size === undefined || lastRead.get(o) !== at) continue
      alive.delete(o)
      now -= size
    }
  }
  for (const [i, step] of plan.steps.entries()) {
    if (IN_PLACE.has(step.op)) release(step.reads, i)
    for (const w of step.writes) {
      if (!w || ownerOf(w) !== w) continue
      const size = sizeOf(w) ?? Math.max(0, ...step.reads.map(r => known.get(r) ?? 0))
      known.set(w, size)
      alive.set(w, size)
      now += size
    }
    peak = Math.max(peak, now)
    release(step.reads, i)
    release(
      step.writes.filter(w => !lastRead.has(w)),
      i,
    ) // written and never read: ORT drops it at once
  }
  const outputBytes = returned.reduce((sum, name) => sum + (known.get(name) ?? 0), 0)
  return { bytes: plan.weightBytes + inputBytes + peak + outputBytes, complete }
}
