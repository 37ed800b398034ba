import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Graph } from '../../src-main/graph/graph.ts'
import { crossEntropy } from '../../src-main/graph/losses/crossEntropy.ts'
import { emitOnnx, type ParameterValues } from '../../src-main/graph/onnx.ts'
import { trainingStep } from '../../src-main/graph/optimizer/trainingStep.ts'
import { parameterCount } from '../../src-main/models/layers/weights.ts'
import { linformerDefinition } from '../../src-main/models/linformer.ts'
import { tokenEncoderSpecs } from '../../src-main/models/tokenEncoder.ts'
import { type Bench, line, median, openCompute, type Row, timed } from './measure.ts'

/** 12 layers, width 768, 4,096 tokens, 256 projected rows, 32,000 pieces: the diplotype language model. */
const ARCHITECTURE = {
  vocabulary: 32000,
  maxTokens: 4096,
  width: 768,
  layers: 12,
  heads: 12,
  feedForward: 3072,
  projection: 256,
  tokenHead: 'tied',
}

/** From the architecture to a session that is ready to run: graph, ONNX bytes, and the weights from their file on disk. */
export async function compileCase(bench: Bench): Promise<readonly Row[]> {
  const config = linformerDefinition.parseConfig(ARCHITECTURE)
  const specs = tokenEncoderSpecs(config)
  const folder = join(bench.folder, 'compile')
  mkdirSync(folder, { recursive: true })
  const values = new Map<string, ParameterValues>()
  let offset = 0
  for (const { name, shape } of specs) {
    const length = 4 * shape.reduce((n, d) => n * d, 1)
    values.set(name, { location: 'weights.bin', offset, length })
    offset += length
  }
  const numbers = new Float32Array(offset / 4)
  for (let i = 0; i < numbers.length; i++) numbers[i] = ((i * 2654435761) % 1000) / 25000 - 0.02
  writeFileSync(join(folder, 'weights.bin'), new Uint8Array(numbers.buffer))
  const forward = (graph: Graph) => emitOnnx(linformerDefinition.buildForward(graph, config, { batch: 1 }), { values })
  const training = (graph: Graph) => {
    const { logits } = linformerDefinition.buildForward(graph, config, { batch: 1 })
    const loss = crossEntropy(logits!, graph.input('labels', [1, config.maxTokens], 'int32'))
    const optimizer = { kind: 'adamw', weightDecay: 0.01 } as const
    return emitOnnx(
      trainingStep({ losses: [loss], parameters: graph.leaves('parameter'), optimizer, clipNorm: 1 }).outputs,
    )
  }
  const size = `${(parameterCount(specs) / 1e6).toFixed(1)} M weights`
  const what = `Linformer of ${config.layers} layers, width ${config.width}`
  return [
    await measured(bench, folder, `compile: graph to ready session, ${what}`, `${size} from disk`, forward),
    await measured(
      bench,
      folder,
      `compile: training step with its gradient, ${what}`,
      `${size}, fed at each run`,
      training,
    ),
  ]
}

async function measured(
  bench: Bench,
  folder: string,
  name: string,
  weights: string,
  build: (graph: Graph) => { readonly bytes: Uint8Array },
): Promise<Row> {
  const compute = openCompute(bench)
  const total: number[] = []
  const graphOnly: number[] = []
  try {
    for (let round = -1; round < bench.repeats; round++) {
      let graphMs = 0
      const path = join(folder, 'model.onnx')
      const ms = await timed(async () => {
        const start = performance.now()
        writeFileSync(path, build(new Graph()).bytes)
        graphMs = performance.now() - start
        const session = await compute.load(path)
        await session.close()
      })
      if (round < 0) continue
      total.push(ms)
      graphOnly.push(graphMs)
    }
  } finally {
    await compute.close()
  }
  const ms = median(total)
  const row: Row = {
    name,
    ms,
    graphMs: median(graphOnly),
    runs: bench.repeats,
    target: 'under 1,500 ms',
    met: ms < 1500,
    note: `of which graph and ONNX ${median(graphOnly).toFixed(0)} ms; ${weights}`,
  }
  bench.say(line(row))
  return row
}
