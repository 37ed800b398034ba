import { gradient } from '../../src-main/graph/gradient.ts'
import { Graph } from '../../src-main/graph/graph.ts'
import { emitOnnx } from '../../src-main/graph/onnx.ts'
import { mul, reduceSum, slice } from '../../src-main/graph/ops.ts'
import { attention, attentionSpecs } from '../../src-main/models/layers/attention.ts'
import { drawPattern, layerPattern } from '../../src-main/models/layers/blockPattern.ts'
import { blockSparseAttention } from '../../src-main/models/layers/blockSparse.ts'
import { Weights } from '../../src-main/models/layers/weights.ts'
import type { Tensor } from '../../src-shared/tensor.ts'
import { type Bench, draw, openCompute, type Row, rounded, takeTurns, timed } from './measure.ts'

const [WIDTH, HEADS, BLOCK, RANDOM] = [512, 8, 64, 3]
const LENGTHS = [1024, 2048, 3072, 4096, 6144]

/**
 * Block-sparse attention against full attention of the same width, with the four maps, one sequence; forward alone, and
 * forward with the gradients by input and weights. Peak memory is that of a process of its own.
 */
export async function sparseCases(bench: Bench): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const training of [false, true])
    for (const length of LENGTHS) {
      const full = await contestant(bench, length, 'full', training)
      const sparse = await contestant(bench, length, 'sparse', training)
      const times = await takeTurns<'sparse' | 'full'>(bench.repeats, { sparse: sparse.run, full: full.run })
      const [sparseMib, fullMib] = [await sparse.close(), await full.close()]
      const ratio = times.full! / times.sparse!
      const row: Row = {
        name: `block-sparse attention, ${length} tokens${training ? ', with gradients' : ''}`,
        ms: times.sparse!,
        fullMs: times.full!,
        ratio,
        mib: sparseMib,
        fullMib,
        runs: bench.repeats,
        ...(length >= 3072 ? { target: 'faster and smaller than full', met: ratio > 1 && sparseMib < fullMib } : {}),
      }
      const verdict = ratio > 1 ? `${rounded(ratio)} times as fast as` : `LOSES to (${rounded(ratio)} times as fast as)`
      bench.say(
        `${row.name}: ${rounded(times.sparse!, 4)} ms, ${verdict} full (${rounded(times.full!, 4)} ms); peak ${rounded(sparseMib)} MiB, full ${rounded(fullMib)} MiB${row.target ? ` [target ${row.target}: ${row.met ? 'met' : 'MISSED'}]` : ''}`,
      )
      rows.push(row)
    }
  return rows
}

async function contestant(bench: Bench, length: number, kind: 'full' | 'sparse', training: boolean) {
  const graph = new Graph()
  const specs = attentionSpecs('attention', WIDTH)
  const weights = new Weights(graph, specs)
  const x = graph.input('x', [1, length, WIDTH])
  const shape = { layers: 1, heads: HEADS, blocks: length / BLOCK, randomBlocks: RANDOM }
  const y =
    kind === 'full'
      ? attention(weights, 'attention', x, { heads: HEADS })
      : blockSparseAttention(weights, 'attention', x, {
          heads: HEADS,
          block: BLOCK,
          random: layerPattern(drawPattern(shape, 'uniform', 1), shape, 0),
        })
  const outputs = { corner: slice(y, 1, 0, 1) } as Record<string, typeof y>
  if (training) {
    const parameters = graph.leaves('parameter')
    gradient(reduceSum(mul(y, y)), [x, ...parameters]).forEach((g, i) => {
      outputs[`d${i}`] = i === 0 ? slice(g, 1, 0, 1) : g
    })
  }
  const values = new Map<string, Float32Array>()
  for (const spec of specs)
    values.set(
      spec.name,
      draw(spec.name, spec.shape, spec.shape.length === 2 ? 1 / Math.sqrt(WIDTH) : 0.02).data as Float32Array,
    )
  const compute = openCompute(bench)
  const session = await compute.load({ bytes: emitOnnx(outputs, { values }).bytes }, { workload: 'fixed' })
  const input: Record<string, Tensor> = { x: draw('x', [1, length, WIDTH], 1) }
  const state = await compute.createState(input)
  return {
    run: () => timed(() => session.run({}, { state, outputs: ['corner'] })),
    /** Ends the process; its peak memory in MiB. */
    async close() {
      const { peakRssBytes } = await compute.stats()
      await compute.close()
      return peakRssBytes / 2 ** 20
    },
  }
}
