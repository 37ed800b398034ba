import { Graph } from '../../src-main/graph/graph.ts'
import { emitOnnx } from '../../src-main/graph/onnx.ts'
import { conv1d, matmul, slice } from '../../src-main/graph/ops.ts'
import { agree, type Bench, draw, line, openCompute, type Row, startPeer, takeTurns, timed } from './measure.ts'

const EDGE = 1536
const MATMUL_FLOPS = 2 * EDGE ** 3

/** A square product. Inputs stay in the process and a corner is fetched: the arithmetic is measured, not the transport. */
export async function matmulCase(bench: Bench): Promise<readonly Row[]> {
  const arrays = { a: draw('a', [EDGE, EDGE], 1), b: draw('b', [EDGE, EDGE], 1) }
  const graph = new Graph()
  const y = matmul(graph.input('a', [EDGE, EDGE]), graph.input('b', [EDGE, EDGE]))
  const compute = openCompute(bench)
  try {
    const session = await compute.load(
      { bytes: emitOnnx({ y, corner: slice(y, 0, 0, 1) }).bytes },
      { workload: 'fixed' },
    )
    const state = await compute.createState(arrays)
    const started = bench.peers.numpy ? await startPeer(bench, 'matmul', arrays) : undefined
    let difference: number | undefined
    if (started) {
      await started.peer.run()
      const whole = await session.run({}, { state, outputs: ['y'] })
      difference = agree('matmul', whole['y']!.data as Float32Array, await started.result(), 1e-4)
    }
    const times = await takeTurns<'ours' | 'peer' | 'matmul'>(bench.repeats, {
      ours: () => timed(() => session.run({}, { state, outputs: ['corner'] })),
      ...(started ? { peer: () => started.peer.run() } : {}),
    })
    started?.peer.close()
    const row = rateRow(bench, `matmul ${EDGE}^3`, MATMUL_FLOPS, { ours: times.ours!, peer: times.peer }, started?.version, times.peer && MATMUL_FLOPS / times.peer, difference) // biome-ignore format: one call
    return [row]
  } finally {
    await compute.close()
  }
}

/** Convolution 256 -> 256, kernel 5, on 32,768 positions; judged by the rate of numpy's product in the same run. */
export async function convolutionCase(bench: Bench): Promise<readonly Row[]> {
  const [channels, kernel, length] = [256, 5, 32768]
  const arrays = {
    x: draw('conv x', [1, channels, length], 1),
    w: draw('conv w', [channels, channels, kernel], 1 / Math.sqrt(channels * kernel)),
    b: draw('conv b', [channels], 0.1),
  }
  const graph = new Graph()
  const weight = graph.parameter('w', arrays.w.shape)
  const y = conv1d(graph.input('x', arrays.x.shape), weight, { bias: graph.parameter('b', [channels]) })
  const compute = openCompute(bench)
  try {
    const values = new Map(['w', 'b'].map(name => [name, arrays[name as 'w'].data as Float32Array]))
    const model = emitOnnx({ y, corner: slice(y, 1, 0, 1) }, { values })
    const session = await compute.load({ bytes: model.bytes }, { workload: 'fixed' })
    const state = await compute.createState({ x: arrays.x })
    const torch = bench.peers.torch ? await startPeer(bench, 'convolution', arrays) : undefined
    const squares = { a: draw('a', [EDGE, EDGE], 1), b: draw('b', [EDGE, EDGE], 1) }
    const numpy = bench.peers.numpy ? await startPeer(bench, 'matmul', squares) : undefined
    let difference: number | undefined
    if (torch) {
      await torch.peer.run()
      const whole = await session.run({}, { state, outputs: ['y'] })
      difference = agree('convolution', whole['y']!.data as Float32Array, await torch.result(), 1e-4)
    }
    const times = await takeTurns<'ours' | 'peer' | 'matmul'>(bench.repeats, {
      ours: () => timed(() => session.run({}, { state, outputs: ['corner'] })),
      ...(torch ? { peer: () => torch.peer.run() } : {}),
      ...(numpy ? { matmul: () => numpy.peer.run() } : {}),
    })
    torch?.peer.close()
    numpy?.peer.close()
    const flops = 2 * channels * channels * kernel * length
    const limit = times.matmul ? MATMUL_FLOPS / times.matmul : undefined
    return [rateRow(bench, `convolution ${channels}->${channels} k${kernel}, ${length} positions`, flops, { ours: times.ours!, peer: times.peer }, torch?.version, limit, difference)] // biome-ignore format: one call
  } finally {
    await compute.close()
  }
}

/** Rates against numpy's product: the machine's own limit. `limit` in operations a millisecond. */
function rateRow(
  bench: Bench,
  name: string,
  flops: number,
  times: { readonly ours: number; readonly peer?: number | undefined },
  peer: string | undefined,
  limit: number | undefined,
  difference: number | undefined,
): Row {
  const rate = flops / times.ours
  const share = limit === undefined ? undefined : rate / limit
  const row: Row = {
    name,
    ms: times.ours,
    gflops: rate / 1e6,
    runs: bench.repeats,
    ...(peer && times.peer ? { peer, peerMs: times.peer, ratio: times.peer / times.ours } : {}),
    ...(share !== undefined ? { shareOfNumpy: share, target: "85 % of numpy's product", met: share >= 0.85, note: `${(100 * share).toFixed(0)} % of numpy's ${(limit! / 1e6).toFixed(0)} GFLOP/s` } : {}), // biome-ignore format: one row
    ...(difference !== undefined ? { difference } : {}),
  }
  bench.say(line(row))
  return row
}
