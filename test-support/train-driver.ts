import { createCompute } from '../src-main/compute/client.ts'
import { Graph } from '../src-main/graph/graph.ts'
import { emitOnnx } from '../src-main/graph/onnx.ts'
import { dropout, linear, mul, reduceMean, sub, tanh } from '../src-main/graph/ops.ts'
import { seedInput, trainingStep } from '../src-main/graph/optimizer/trainingStep.ts'
import type { Json } from '../src-main/services/training/checkpoint.ts'
import { type Training, trainLoop } from '../src-main/services/training/trainLoop.ts'
import { elementCount, float32, type Tensors } from '../src-shared/tensor.ts'

const [WIDTH, BATCH] = [16, 8]

/** A small regression network with dropout, AdamW and clipping: everything that a resumed training could get wrong. */
export function regressionStep(): { onnx: Uint8Array; initial: Tensors } {
  const graph = new Graph()
  const x = graph.input('x', [BATCH, 4])
  const target = graph.input('target', [BATCH, 1])
  const parameters = [
    graph.parameter('in.weight', [WIDTH, 4]),
    graph.parameter('in.bias', [WIDTH]),
    graph.parameter('out.weight', [1, WIDTH]),
    graph.parameter('out.bias', [1]),
  ] as const
  const [w1, b1, w2, b2] = parameters
  const hidden = tanh(linear(x, w1, b1))
  const kept = dropout(hidden, 0.25, seedInput(graph))
  const error = sub(linear(kept, w2, b2), target)
  const step = trainingStep({
    losses: [reduceMean(mul(error, error))],
    parameters,
    optimizer: { kind: 'adamw', weightDecay: 0.01 },
    clipNorm: 1,
  })
  const initial: Record<string, Tensors[string]> = {}
  let n = 0
  for (const p of parameters)
    initial[p.node.leaf!.name] = float32(
      Float32Array.from({ length: elementCount(p.shape) }, () => 0.3 * Math.sin(++n)),
      p.shape,
    )
  for (const [name, type] of step.moments)
    initial[name] = float32(new Float32Array(elementCount(type.shape)), type.shape)
  return { onnx: emitOnnx(step.outputs).bytes, initial }
}

/** Batch number `position`: points of y = x0·x1 + x2, from a running sine; NaN in the batch `poisoned`. */
export function regressionBatch(cursor: Json, poisoned = -1): { tensors: Tensors; cursor: Json } {
  const { position } = cursor as { position: number }
  const x = Float32Array.from({ length: BATCH * 4 }, (_, i) => Math.sin(position * 97 + i * 1.7))
  const target = Float32Array.from({ length: BATCH }, (_, i) => x[4 * i]! * x[4 * i + 1]! + x[4 * i + 2]!)
  if (position === poisoned) target[0] = Number.NaN
  return {
    tensors: { x: float32(x, [BATCH, 4]), target: float32(target, [BATCH, 1]) },
    cursor: { position: position + 1 },
  }
}

/** The program of the kill test: `train-driver FOLDER ENTRY CACHE STEPS EVERY`; prints each step it has taken. */
async function main([
  folder = '',
  entry = '',
  cacheFolder = '',
  steps = '',
  every = '',
]: readonly string[]): Promise<void> {
  const compute = createCompute({ entry, cacheFolder, threads: 1 })
  const { onnx, initial } = regressionStep()
  const training: Training = {
    compute,
    session: await compute.load(onnx, { workload: 'fixed' }),
    initialState: () => initial,
    batch: async cursor => {
      await new Promise(done => setTimeout(done, 4)) // so that kills fall all over a run
      return regressionBatch(cursor)
    },
    firstCursor: { position: 0 },
    rate: step => 0.01 * 0.99 ** step,
    seed: 7,
    steps: Number(steps),
    checkpointEvery: Number(every),
    fingerprint: 'regression',
    onStep: m => process.stdout.write(`${m.step}\n`),
  }
  await trainLoop(training, folder, { signal: new AbortController().signal, report() {} }, { resume: true })
  await compute.close()
}

if (process.env['TRAIN_DRIVER'] === 'run') await main(process.argv.slice(2))
