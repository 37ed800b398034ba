import { createCompute } from '../../src-main/compute/client.ts'
import { nextName, trainingInputs } from '../../src-main/graph/optimizer/trainingStep.ts'
import { initialEncoderWeights } from '../../src-main/models/encoderInitialisation.ts'
import { MODELS } from '../../src-main/models/kinds.ts'
import { modelRegistry } from '../../src-main/models/registry.ts'
import { int32, tokenStep } from '../../src-main/services/risk/network.ts'
import { int64Scalar, type Tensor } from '../../src-shared/tensor.ts'

const SIZE = {
  vocabulary: 2000,
  width: 128,
  layers: 2,
  heads: 4,
  feedForward: 512,
  dropout: 0,
  padToken: 4,
  classes: 2,
}

export interface LongestInput {
  readonly name: string
  readonly tokens: number
  readonly nucleotides: number
  readonly peakMib: number
  /** Tokens at which the budget was passed. */
  readonly tooLong: number
}

/**
 * The longest input whose training step of one sequence stays within a budget of resident memory, measured and not computed: a fresh process for
 * every length, one step, its peak read from the system. Doubles until the budget is passed, then halves the gap to an eighth.
 */
export async function longestInputs(options: {
  readonly entry: string
  readonly folder: string
  readonly budgetMib: number
  readonly nucleotidesAToken: number
  readonly say: (text: string) => void
}): Promise<readonly LongestInput[]> {
  const { budgetMib, nucleotidesAToken, say } = options
  const registry = modelRegistry(MODELS)
  const rows: LongestInput[] = []
  const kinds = [['transformer', {}], ['linformer', { projection: 128 }]] as const // biome-ignore format: one line
  for (const [kind, own] of kinds) {
    const peakOf = async (tokens: number): Promise<number> => {
      const network = registry.configure(kind, { ...SIZE, ...own, maxTokens: tokens })
      const step = tokenStep(network, 'classes', {
        batch: 1,
        length: tokens,
        optimizer: { kind: 'adamw' },
        clipNorm: 1,
      })
      const compute = createCompute({ entry: options.entry, threads: 1, cacheFolder: options.folder, memoryLimitBytes: 4 * budgetMib * 2 ** 20 }) // biome-ignore format: one line
      try {
        const session = await compute.load({ bytes: step.onnx }, { workload: 'fixed' })
        const initial: Record<string, Tensor> = { ...Object.fromEntries(initialEncoderWeights(network.parameters, 1)), ...step.moments } // biome-ignore format: one line
        const state = await compute.createState(initial)
        const ids = Int32Array.from({ length: tokens }, (_, i) => 5 + ((i * 7919) % 1990))
        await session.run(
          { ids: int32(ids, [1, tokens]), labels: int32(Int32Array.of(1), [1]), [trainingInputs.rate]: { dtype: 'float32', shape: [], data: Float32Array.of(1e-4) }, [trainingInputs.step]: int64Scalar(1), ...(session.inputs.some(i => i.name === trainingInputs.seed) ? { [trainingInputs.seed]: int64Scalar(1) } : {}) }, // biome-ignore format: one line
          { state, carry: Object.keys(initial).map(to => ({ from: nextName(to), to })), outputs: ['loss'] },
        )
        return (await compute.stats()).peakRssBytes / 2 ** 20
      } catch (error) {
        if ((error as { code?: string }).code === 'out-of-memory') return Number.POSITIVE_INFINITY
        throw error
      } finally {
        await compute.close()
      }
    }
    let [low, peak, high] = [0, 0, 256]
    for (;;) {
      const p = await peakOf(high)
      say(`${kind}, ${high} tokens: ${p.toFixed(0)} MiB`)
      if (p > budgetMib) break
      low = high
      peak = p
      high *= 2
    }
    while (high - low > low / 8) {
      const middle = Math.round((low + high) / 2 / 32) * 32
      const p = await peakOf(middle)
      say(`${kind}, ${middle} tokens: ${p.toFixed(0)} MiB`)
      if (p > budgetMib) high = middle
      else {
        low = middle
        peak = p
      }
    }
    for (const [
      name,
      each,
    ] of [[kind === 'linformer' ? 'Linformer, one nucleotide a token' : 'plain, one nucleotide a token', 1], [kind === 'linformer' ? 'Linformer and subwords' : 'plain, subwords', nucleotidesAToken]] as const) // biome-ignore format: one line
      rows.push({ name, tokens: low, nucleotides: Math.floor(low * each), peakMib: Math.round(peak), tooLong: high })
  }
  return rows
}
