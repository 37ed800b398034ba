import { Graph } from '../../src-main/graph/graph.ts'
import { emitOnnx } from '../../src-main/graph/onnx.ts'
import { nextName, trainingInputs } from '../../src-main/graph/optimizer/trainingStep.ts'
import { initialEncoderWeights } from '../../src-main/models/encoderInitialisation.ts'
import { linformer } from '../../src-main/models/linformer.ts'
import { tokenStep } from '../../src-main/services/risk/network.ts'
import { float32, int64Scalar, type Tensor } from '../../src-shared/tensor.ts'
import { agree, type Bench, draw, line, openCompute, type Row, rounded, startPeer, takeTurns, timed } from '../compute/measure.ts' // biome-ignore format: one line

/** Greenformers, chapter 5: 12 layers, 12 heads, 768, 3,072, k 256, 4,096 tokens. */
const THESIS = { vocabulary: 32_000, maxTokens: 4096, width: 768, layers: 12, heads: 12, feedForward: 3072, projection: 256, dropout: 0, classes: 2 } // biome-ignore format: one line
const SMALL = { ...THESIS, vocabulary: 2000, maxTokens: 1024, width: 192, layers: 3, heads: 6, feedForward: 768, projection: 64 } // biome-ignore format: one line

/** One sequence of the longest length, ids in, two logits out, weights the same arrays in both. */
export async function thesisLinformer(bench: Bench, size: 'thesis' | 'small'): Promise<readonly Row[]> {
  const config = size === 'thesis' ? THESIS : SMALL
  const { maxTokens: length } = config
  const network = linformer.configure(config)
  const arrays: Record<string, Tensor> = {}
  for (const { name, shape } of network.parameters)
    arrays[name] = /norm\d?\.weight$/.test(name)
      ? draw(name, shape, 0.1, 1)
      : draw(name, shape, name.startsWith('embeddings.') ? 1 : shape.length === 2 ? 1 / Math.sqrt(shape[1]!) : 0.02)
  const ids: Tensor = { dtype: 'int32', shape: [1, length], data: Int32Array.from({ length }, (_, i) => (i * 7919) % config.vocabulary) } // biome-ignore format: one line
  const graph = new Graph()
  const { classLogits } = network.buildForward(graph, { batch: 1, length })
  const values = new Map(Object.entries(arrays).map(([name, t]) => [name, t.data as Float32Array]))
  const model = emitOnnx({ classLogits: classLogits! }, { values })
  const compute = openCompute(bench)
  try {
    const session = await compute.load({ bytes: model.bytes }, { workload: 'fixed' })
    const ours = async () => (await session.run({ ids }))['classLogits']!.data as Float32Array
    let difference: number | undefined
    let peer: Awaited<ReturnType<typeof startPeer>> | undefined
    if (bench.peers.torch) {
      peer = await startPeer(bench, 'linformer', { ...arrays, ids }, { heads: config.heads, layers: config.layers })
      await peer.peer.run()
      difference = agree('logits', await ours(), await peer.result(), 1e-3)
    }
    const times = await takeTurns(bench.repeats, { ours: () => timed(ours), peer: peer && (() => peer!.peer.run()) })
    const ratio = times.peer === undefined ? undefined : times.peer / times.ours!
    const row: Row = {
      name: `Linformer of ${config.layers} layers, width ${config.width}, ${length} tokens, forward`,
      ms: times.ours!,
      runs: bench.repeats,
      parameters: network.parameters.reduce((sum, s) => sum + s.shape.reduce((n, d) => n * d, 1), 0),
      ...(ratio === undefined ? {} : { peer: peer!.version, peerMs: times.peer!, ratio: rounded(ratio), difference: difference!, target: '2.5 times', met: ratio >= 2.5 }), // biome-ignore format: one line
    }
    bench.say(line(row))
    peer?.peer.close()
    return [row]
  } finally {
    await compute.close()
  }
}

/** One training step (AdamW, cross-entropy from [CLS]) of one sequence of the published size: time and peak memory of the whole process. */
export async function thesisStep(bench: Bench): Promise<readonly Row[]> {
  const network = linformer.configure(THESIS)
  const { maxTokens: length } = THESIS
  const step = tokenStep(network, 'classes', { batch: 1, length, optimizer: { kind: 'adamw', weightDecay: 0.01 }, clipNorm: 1 }) // biome-ignore format: one line
  const compute = openCompute(bench)
  try {
    const session = await compute.load({ bytes: step.onnx }, { workload: 'fixed' })
    const initial: Record<string, Tensor> = { ...Object.fromEntries(initialEncoderWeights(network.parameters, 1)), ...step.moments } // biome-ignore format: one line
    const state = await compute.createState(initial)
    const carry = Object.keys(initial).map(to => ({ from: nextName(to), to }))
    const ids: Tensor = { dtype: 'int32', shape: [1, length], data: Int32Array.from({ length }, (_, i) => (i * 7919) % THESIS.vocabulary) } // biome-ignore format: one line
    const losses: number[] = []
    const once = async (t: number) => {
      const out = await session.run(
        { ids, labels: { dtype: 'int32', shape: [1], data: Int32Array.of(1) }, [trainingInputs.rate]: float32(Float32Array.of(1e-4), []), [trainingInputs.step]: int64Scalar(t), ...(session.inputs.some(i => i.name === trainingInputs.seed) ? { [trainingInputs.seed]: int64Scalar(t) } : {}) }, // biome-ignore format: one line
        { state, carry, outputs: ['loss'] },
      )
      losses.push(Number((out['loss']!.data as Float32Array)[0]))
    }
    const times: number[] = []
    for (let t = 1; t <= 2; t++) times.push(await timed(() => once(t)))
    const { peakRssBytes } = await compute.stats()
    const row: Row = { name: 'Linformer of 12 layers, width 768, 4096 tokens, one training step of one sequence', ms: times[1]!, runs: 1, peakMib: Math.round(peakRssBytes / 2 ** 20), losses } // biome-ignore format: one line
    bench.say(`${line(row)}, peak ${row['peakMib']} MiB, losses ${losses.map(l => l.toFixed(4)).join(' then ')}`)
    return [row]
  } finally {
    await compute.close()
  }
}
