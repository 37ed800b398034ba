import { mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCompute } from '../src-main/compute/client.ts'
import { emitOnnx, type ParameterValues } from '../src-main/graph/onnx.ts'
import { bytesOf, sizeOf, type TensorType } from '../src-main/graph/types.ts'
import type { ModelJson } from '../src-main/models/folder/modelJson.ts'
import { MODELS } from '../src-main/models/kinds.ts'
import { modelRegistry } from '../src-main/models/registry.ts'
import type { PlannedGraph } from '../src-main/services/lab/experiment.ts'
import { modelGraph } from '../src-main/services/planner/modelGraph.ts'
import { createPlanner } from '../src-main/services/planner/planner.ts'
import { quietContext } from '../src-shared/job.ts'
import type { Tensor, Tensors } from '../src-shared/tensor.ts'
import { SeededRandom } from '../test-support/random.ts'
import { PLANNER_CASES, type PlannerCase } from './planner/cases.ts'

interface Row {
  readonly name: string
  readonly half: 'design' | 'held-out'
  readonly seconds: { readonly predicted: number; readonly measured: number }
  readonly peakBytes: { readonly predicted: number; readonly measured: number }
}

const registry = modelRegistry(MODELS)
const WEIGHTS = 'weights.bin'

/**
 * How near the planner is: calibrates, then predicts and measures each graph in a compute process of its own. Time is the shortest of the
 * repeats after the first; memory the peak of that process. Arguments: `--threads N` (2), `--repeats N` (6), `--only TEXT`, `--busy` (also when others
 * use the processor).
 */
export async function run({ json, args }: { json: boolean; args: readonly string[] }): Promise<unknown> {
  const option = (name: string) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined)
  const threads = Number(option('--threads') ?? 2)
  const repeats = Number(option('--repeats') ?? 6)
  const folder = mkdtempSync(join(tmpdir(), 'diploscope-planner-'))
  const say = (text: string) => {
    if (!json) process.stdout.write(`${text}\n`)
  }
  try {
    const planner = createPlanner({ dataDir: folder, registry, threads, version: 'bench' })
    const facts = await planner.calibrate(quietContext(), { despiteLoad: args.includes('--busy') })
    say(`calibrated in ${facts.tookSeconds.toFixed(1)} s: ${facts.rates.map(r => `${r.name} ${r.value} ${r.unit}`).join(', ')}`) // biome-ignore format: one line
    writeWeights(join(folder, WEIGHTS))
    const rows: Row[] = []
    for (const one of PLANNER_CASES.filter(c => c.name.includes(option('--only') ?? ''))) {
      const graph = graphOf(one, repeats + 1)
      const told = await planner.estimate(graph)
      const measured = await measure(one, graph, { folder, threads, repeats })
      rows.push({
        name: one.name,
        half: one.design ? 'design' : 'held-out',
        seconds: { predicted: told.seconds, measured: measured.seconds },
        peakBytes: { predicted: told.peakBytes, measured: measured.peakBytes },
      })
      say(`${one.name.padEnd(72)} ${pair(1e3, 1, told.seconds, measured.seconds)} ms   ${pair(1e-6, 0, told.peakBytes, measured.peakBytes)} MB`) // biome-ignore format: one line
    }
    const summary = (['design', 'held-out'] as const).map(half => ({
      half,
      seconds: accuracy(rows.filter(r => r.half === half).map(r => r.seconds), 0.3),
      peakBytes: accuracy(rows.filter(r => r.half === half).map(r => r.peakBytes), 0.25),
    })) // biome-ignore format: one table
    for (const { half, seconds, peakBytes } of summary) say(`${half}: time ${text(seconds, 30)}; memory ${text(peakBytes, 25)}`) // biome-ignore format: one line
    return { calibration: facts, rows, summary }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const pair = (factor: number, digits: number, predicted: number, measured: number) =>
  `${(factor * predicted).toFixed(digits).padStart(8)} ${(factor * measured).toFixed(digits).padStart(8)} ${Math.round(100 * (predicted / measured - 1)).toString().padStart(4)} %` // biome-ignore format: one line

interface Accuracy {
  readonly count: number
  readonly median: number
  readonly p90: number
  readonly within: number
}

function accuracy(
  pairs: readonly { readonly predicted: number; readonly measured: number }[],
  bound: number,
): Accuracy {
  const errors = pairs.map(p => Math.abs(p.predicted / p.measured - 1)).sort((a, b) => a - b)
  const rank = (share: number) => errors[Math.max(0, Math.ceil(share * errors.length) - 1)] ?? Number.NaN
  const within = errors.filter(e => e <= bound).length / Math.max(1, errors.length)
  return { count: errors.length, median: rank(0.5), p90: rank(0.9), within }
}

const text = ({ count, median, p90, within }: Accuracy, bound: number) =>
  `median error ${Math.round(100 * median)} %, 90th percentile ${Math.round(100 * p90)} %, ${Math.round(100 * within)} % of ${count} within ${bound} %` // biome-ignore format: one line

function graphOf({ name, kind, architecture, work, batch }: PlannerCase, runs: number): PlannedGraph {
  const json = {
    id: name,
    kind,
    architecture,
    input: { type: 'tokens', maxTokens: 1 },
    output: {},
  } as unknown as ModelJson
  return modelGraph({ json, work, batch, runs }, registry)
}

/** 256 MB of small random numbers, from which every weight takes its own. */
function writeWeights(path: string): void {
  const random = new SeededRandom(1)
  const file = openSync(path, 'w')
  const block = new Float32Array(2 ** 20)
  for (let i = 0; i < block.length; i++) block[i] = 0.04 * (random.next() + random.next() + random.next() - 1.5)
  for (let i = 0; i < 64; i++) writeSync(file, new Uint8Array(block.buffer))
}

/** As predictions read weights, from the model's own file; as trainings keep them, in the process. */
async function measure(
  { work }: PlannerCase,
  planned: PlannedGraph,
  { folder, threads, repeats }: { readonly folder: string; readonly threads: number; readonly repeats: number },
): Promise<{ readonly seconds: number; readonly peakBytes: number }> {
  const outputs = Object.fromEntries(planned.outputs.map((tensor, i) => [`o${i}`, tensor]))
  const values = new Map<string, ParameterValues>()
  let offset = 0
  if (work === 'inference') {
    for (const p of planned.graph.leaves('parameter')) {
      values.set(p.node.leaf!.name, { location: WEIGHTS, offset, length: bytesOf(p) })
      offset += Math.ceil(bytesOf(p) / 4096) * 4096
    }
    for (const s of planned.graph.leaves('state')) values.set(s.node.leaf!.name, new Float32Array(sizeOf(s.shape)).fill(1)) // biome-ignore format: one line
  }
  const model = emitOnnx(outputs, { values })
  const compute = createCompute({ threads, cacheFolder: join(folder, 'models') })
  try {
    const links = work === 'inference' ? { links: { [WEIGHTS]: join(folder, WEIGHTS) } } : {}
    const session = await compute.load({ bytes: model.bytes, ...links }, { workload: planned.workload })
    const feeds = Object.entries(
      Object.fromEntries([...model.inputs].map(([name, type]) => [name, numbers(name, type)])),
    )
    const given = (name: string) => work === 'inference' || /^(training\.|sequence$|ids$|target$|labels$)/.test(name)
    const batch: Tensors = Object.fromEntries(feeds.filter(([name]) => given(name)))
    const kept: Tensors = Object.fromEntries(feeds.filter(([name]) => !given(name)))
    const state = work === 'training' ? await compute.createState(kept) : undefined
    const call = state ? { state, carry: carried(outputs, kept), outputs: ['o0'] } : {}
    let seconds = Number.POSITIVE_INFINITY
    for (let i = 0; i <= repeats; i++) {
      const before = performance.now()
      await session.run(batch, call)
      if (i > 0) seconds = Math.min(seconds, (performance.now() - before) / 1000)
    }
    return { seconds, peakBytes: (await compute.stats()).peakRssBytes }
  } finally {
    await compute.close()
  }
}

/** New tensors take the place of old ones of their shape: which of them is which does not matter for time and memory. */
function carried(outputs: Readonly<Record<string, TensorType>>, kept: Tensors): { from: string; to: string }[] {
  const free = new Set(Object.keys(kept))
  return Object.entries(outputs).flatMap(([from, { shape }]) => {
    const to = shape.length === 0 ? undefined : [...free].find(name => String(kept[name]!.shape) === String(shape))
    if (to === undefined) return []
    free.delete(to)
    return [{ from, to }]
  })
}

function numbers(name: string, { shape, dtype }: TensorType): Tensor {
  const random = new SeededRandom(sizeOf(shape))
  const count = sizeOf(shape)
  if (dtype === 'int64') return { dtype, shape: [...shape], data: new BigInt64Array(count).fill(1n) }
  if (dtype === 'int32') return { dtype, shape: [...shape], data: Int32Array.from({ length: count }, () => Math.floor(2 * random.next())) } // biome-ignore format: one line
  const data = new Float32Array(count)
  if (name === 'sequence') for (let i = 0; i < count; i += 4) data[i + Math.floor(4 * random.next())] = 1
  else if (!/^[mv]\//.test(name)) for (let i = 0; i < count; i++) data[i] = count === 1 ? 1e-4 : 0.05 * (random.next() + random.next() - 1) // biome-ignore format: one line
  return { dtype: 'float32', shape: [...shape], data }
}
