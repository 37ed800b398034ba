import { Graph, type Tensor as Symbolic } from '../../src-main/graph/graph.ts'
import { squaredError } from '../../src-main/graph/losses/squaredError.ts'
import { emitOnnx } from '../../src-main/graph/onnx.ts'
import { slice } from '../../src-main/graph/ops.ts'
import { nextName, trainingInputs, trainingStep } from '../../src-main/graph/optimizer/trainingStep.ts'
import { sizeOf } from '../../src-main/graph/types.ts'
import { type EncoderLayerConfig, encoderLayer, encoderLayerSpecs } from '../../src-main/models/layers/encoderLayer.ts'
import { Weights } from '../../src-main/models/layers/weights.ts'
import { float32, int64Scalar, type Tensor } from '../../src-shared/tensor.ts'
import {
  agree,
  type Bench,
  draw,
  line,
  openCompute,
  type Row,
  rounded,
  startPeer,
  takeTurns,
  timed,
} from './measure.ts'

type Kind = 'forward' | 'training' | 'layer'

const SIZES = {
  forward: { layers: 4, batch: 8, length: 512, width: 256, heads: 8, inner: 1024, target: 1.9 },
  training: { layers: 4, batch: 8, length: 512, width: 256, heads: 8, inner: 1024, target: 2.2 },
  layer: { layers: 1, batch: 1, length: 1536, width: 512, heads: 8, inner: 2048, target: 2.8 },
} as const
const RATE = 1e-4

interface Runner {
  run(): Promise<unknown>
  readonly whole?: () => Promise<unknown>
  result(): Promise<Float32Array>
}

/** Post-norm encoder layers with exact GELU on given activations, as torch.nn.TransformerEncoderLayer computes them. */
export async function encoderCase(bench: Bench, kind: Kind): Promise<readonly Row[]> {
  const size = SIZES[kind]
  const { layers, batch, length, width, heads, inner } = size
  const config: EncoderLayerConfig = {
    width,
    heads,
    feedForward: inner,
    norm: 'post',
    activation: 'gelu',
    normEpsilon: 1e-5,
    dropout: 0,
  }
  const specs = Array.from({ length: layers }, (_, i) => encoderLayerSpecs(`layers.${i}`, config)).flat()
  const arrays: Record<string, Tensor> = { x: draw('x', [batch, length, width], 1) }
  for (const { name, shape } of specs)
    arrays[name] = /norm\d\.weight$/.test(name)
      ? draw(name, shape, 0.1, 1)
      : draw(name, shape, shape.length === 2 ? 1 / Math.sqrt(shape[1]!) : 0.02)
  if (kind === 'training') arrays['target'] = draw('target', [batch, length, width], 1)

  const graph = new Graph()
  const weights = new Weights(graph, specs)
  const x = graph.input('x', [batch, length, width])
  let y: Symbolic = x
  for (let i = 0; i < layers; i++) y = encoderLayer(weights, `layers.${i}`, y, config)

  const compute = openCompute(bench)
  const rows: Row[] = []
  try {
    const ours: Runner = kind === 'training' ? await trainer(graph, y, arrays) : await predictor(y)
    const peerOf = (mode: 'fused' | 'plain') =>
      startPeer(bench, 'encoder', arrays, { width, heads, feedForward: inner, layers, training: kind === 'training', rate: RATE, mode }) // biome-ignore format: one call
    const started = bench.peers.torch ? await peerOf('plain') : undefined
    const fused = started && kind !== 'training' ? await peerOf('fused') : undefined
    let difference: number | undefined
    if (started) {
      // Two training steps: the second loss depends on every gradient and on the update.
      for (let step = 0; step < (kind === 'training' ? 2 : 1); step++) {
        await started.peer.run()
        difference = agree(kind, await ours.result(), await started.result(), 1e-4)
      }
    }
    const times = await takeTurns<'ours' | 'whole' | 'peer' | 'fused'>(bench.repeats, {
      ours: () => timed(ours.run),
      whole: ours.whole && (() => timed(ours.whole!)),
      peer: started && (() => started.peer.run()),
      fused: fused && (() => fused.peer.run()),
    })
    // The peer's faster form is the one to compare with.
    const peerMs = times.peer && Math.min(times.peer, times.fused ?? Number.POSITIVE_INFINITY)
    const ratio = peerMs && peerMs / times.ours!
    const flops = operations(size) * (kind === 'training' ? 3 : 1)
    const row: Row = {
      name: `${kind}: ${layers} layer(s), width ${width}, ${heads} heads, batch ${batch} x ${length}`,
      ms: times.ours!,
      gflops: flops / times.ours! / 1e6,
      runs: bench.repeats,
      ...(times.whole ? { withTransportMs: times.whole, note: `${rounded(times.whole, 4)} ms with sending and fetching all` } : {}), // biome-ignore format: one row
      ...(started && ratio !== undefined
        ? { peer: started.version, peerMs: peerMs!, peerGflops: flops / peerMs! / 1e6, ratio, ...(times.fused ? { peerPlainMs: times.peer!, peerFusedMs: times.fused, note: `${rounded(times.whole!, 4)} ms with sending and fetching all; PyTorch module by module ${rounded(times.peer!, 4)} ms, fused ${rounded(times.fused, 4)} ms` } : {}), difference: difference!, target: `${size.target} times`, met: ratio >= size.target } // biome-ignore format: one row
        : {}),
    }
    rows.push(row)
    bench.say(line(row))
    if (kind === 'training') rows.push(await memoryRow(started))
    started?.peer.close()
    fused?.peer.close()
  } finally {
    await compute.close()
  }
  return rows

  /** `run` leaves the input in the process and fetches a corner, as the peer moves nothing either; `whole` sends and fetches all. */
  async function predictor(output: Symbolic) {
    const values = new Map(specs.map(({ name }) => [name, arrays[name]!.data as Float32Array]))
    const model = emitOnnx({ y: output, corner: slice(output, 1, 0, 1) }, { values })
    const session = await compute.load({ bytes: model.bytes }, { workload: 'fixed' })
    const state = await compute.createState({ x: arrays['x']! })
    const run = () => session.run({}, { state, outputs: ['corner'] })
    const whole = () => session.run({ x: arrays['x']! }, { outputs: ['y'] })
    return { run, whole, result: async () => (await whole())['y']!.data as Float32Array }
  }

  async function trainer(g: Graph, output: Symbolic, given: Readonly<Record<string, Tensor>>) {
    const parameters = g.leaves('parameter')
    const loss = squaredError(output, g.input('target', output.shape))
    const step = trainingStep({ losses: [loss], parameters, optimizer: { kind: 'adamw', weightDecay: 0.01 } })
    const session = await compute.load({ bytes: emitOnnx(step.outputs).bytes }, { workload: 'fixed' })
    const names = [...parameters.map(p => p.node.leaf!.name), ...step.moments.keys()]
    const tensors: Record<string, Tensor> = { x: given['x']!, target: given['target']! }
    for (const { name } of specs) tensors[name] = given[name]!
    for (const [name, type] of step.moments) tensors[name] = float32(new Float32Array(sizeOf(type.shape)), type.shape)
    const state = await compute.createState(tensors)
    const carry = names.map(name => ({ from: nextName(name), to: name }))
    let t = 0
    const run = () =>
      session.run(
        {
          [trainingInputs.rate]: float32(Float32Array.of(RATE), []),
          [trainingInputs.step]: int64Scalar(++t),
        },
        { state, carry, outputs: ['loss'] },
      )
    return { run, result: async () => (await run())['loss']!.data as Float32Array }
  }

  async function memoryRow(started: Awaited<ReturnType<typeof startPeer>> | undefined): Promise<Row> {
    const { peakRssBytes } = await compute.stats()
    const mib = rounded(peakRssBytes / 2 ** 20)
    const peerBytes = started && ((await started.peer.ask({ do: 'rss' }))['bytes'] as number)
    const share = peerBytes ? peakRssBytes / peerBytes : undefined
    const row: Row = {
      name: 'training: peak resident memory of the whole process',
      mib,
      runs: 1,
      ...(peerBytes && share ? { peerMib: rounded(peerBytes / 2 ** 20), share, target: 'at most 1.3 of PyTorch', met: share <= 1.3 } : {}), // biome-ignore format: one row
    }
    bench.say(`${line(row)} ${mib} MiB${peerBytes ? `, PyTorch ${row['peerMib']} MiB, ${rounded(share!)} of it` : ''}`)
    return row
  }
}

/** Floating-point operations of the matrix products, 2 a multiply-add. */
function operations({ layers, batch, length, width, inner }: (typeof SIZES)[Kind]): number {
  const tokens = batch * length
  return layers * (2 * tokens * width * (4 * width + 2 * inner) + 4 * tokens * length * width)
}
