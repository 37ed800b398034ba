import * as hdf5 from 'h5wasm'
import { elementCount } from '../src-shared/tensor.ts'
import { SeededRandom } from './random.ts'

/** A sequence of positions, each a row of channels: how Keras sees it. */
export type Rows = number[][]

interface KerasWeight {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/**
 * A Keras network written out in plain loops, one method a layer: draws the weights of each layer in Keras' own layout, names it
 * as Keras does, and computes it in double precision. The truth for importers, with nothing in common with the graph.
 */
export class KerasTwin {
  readonly layers = new Map<string, Map<string, KerasWeight>>()
  readonly #counts = new Map<string, number>()

  constructor(
    private readonly seed: string,
    /** Layers of each class that an earlier model of the same process has used up. */
    private readonly firstNumber = 0,
  ) {}

  #layer(kind: string): (weight: string, shape: readonly number[], positive?: boolean) => Float32Array {
    const number = (this.#counts.get(kind) ?? this.firstNumber - 1) + 1
    this.#counts.set(kind, number)
    const name = number === 0 ? kind : `${kind}_${number}`
    const weights = new Map<string, KerasWeight>()
    this.layers.set(name, weights)
    return (weight, shape, positive = false) => {
      const random = new SeededRandom(`${this.seed} ${name} ${weight}`)
      const data = Float32Array.from({ length: elementCount(shape) }, () => (positive ? 0.5 + random.next() : random.normal(0, 0.5))) // biome-ignore format: one thought
      weights.set(`${name}/${weight}:0`, { shape, data })
      return data
    }
  }

  conv1d(x: Rows, filters: number, kernel: number, { bias = true, dilation = 1 } = {}): Rows {
    const [draw, inner] = [this.#layer('conv1d'), x[0]!.length]
    const w = draw('kernel', [kernel, inner, filters])
    const b = bias ? draw('bias', [filters]) : undefined
    const left = Math.floor(((kernel - 1) * dilation) / 2)
    return x.map((_, i) =>
      Array.from({ length: filters }, (_, o) => {
        let sum = b?.[o] ?? 0
        for (let k = 0; k < kernel; k++)
          for (let c = 0; c < inner; c++)
            sum += (x[i - left + k * dilation]?.[c] ?? 0) * w[(k * inner + c) * filters + o]!
        return sum
      }),
    )
  }
  separableConv1d(x: Rows, filters: number, kernel: number): Rows {
    const [draw, inner] = [this.#layer('separable_conv1d'), x[0]!.length]
    const depth = draw('depthwise_kernel', [kernel, inner, 1])
    const point = draw('pointwise_kernel', [1, inner, filters])
    const b = draw('bias', [filters])
    const left = Math.floor((kernel - 1) / 2)
    return x.map((_, i) => {
      const row = Array.from({ length: inner }, (_, c) => {
        let sum = 0
        for (let k = 0; k < kernel; k++) sum += (x[i - left + k]?.[c] ?? 0) * depth[k * inner + c]!
        return sum
      })
      return Array.from({ length: filters }, (_, o) =>
        row.reduce((sum, v, c) => sum + v * point[c * filters + o]!, b[o]!),
      )
    })
  }
  dense(x: Rows, units: number): Rows {
    const [draw, inner] = [this.#layer('dense'), x[0]!.length]
    const w = draw('kernel', [inner, units])
    const b = draw('bias', [units])
    return matrix(x, w, units, b)
  }
  batchNorm(x: Rows): Rows {
    const [draw, c] = [this.#layer('batch_normalization'), x[0]!.length]
    const [gamma, beta, mean, variance] = [draw('gamma', [c]), draw('beta', [c]), draw('moving_mean', [c]), draw('moving_variance', [c], true)] // biome-ignore format: one thought
    return x.map(row => row.map((v, i) => ((v - mean[i]!) / Math.sqrt(variance[i]! + 1e-3)) * gamma[i]! + beta[i]!))
  }
  layerNorm(x: Rows): Rows {
    const [draw, c] = [this.#layer('layer_normalization'), x[0]!.length]
    const [gamma, beta] = [draw('gamma', [c]), draw('beta', [c])]
    return x.map(row => {
      const mean = row.reduce((a, b) => a + b, 0) / c
      const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / c
      return row.map((v, i) => ((v - mean) / Math.sqrt(variance + 1e-3)) * gamma[i]! + beta[i]!)
    })
  }
  scale(x: Rows): Rows {
    const s = this.#layer('scale')('scale', [x[0]!.length])
    return x.map(row => row.map((v, i) => v * s[i]!))
  }
  /** Multi-head attention with relative positions of the central mask. */
  attention(x: Rows, { heads, keySize, features }: { heads: number; keySize: number; features: number }): Rows {
    const [draw, width, length] = [this.#layer('multihead_attention'), x[0]!.length, x.length]
    const size = width / heads
    const u = draw('r_w_bias', [1, heads, 1, keySize])
    const w = draw('r_r_bias', [1, heads, 1, keySize])
    const q = matrix(x, draw('q_layer/kernel', [width, heads * keySize]), heads * keySize)
    const k = matrix(x, draw('k_layer/kernel', [width, heads * keySize]), heads * keySize)
    const v = matrix(x, draw('v_layer/kernel', [width, width]), width)
    const out = [draw('embedding_layer/kernel', [width, width]), draw('embedding_layer/bias', [width])] as const
    const rel = draw('r_k_layer/kernel', [features, heads * keySize])
    const n = features / 2
    const mask = (d: number) => {
      const half = Array.from({ length: n }, (_, i) => ((length + 1) ** ((i + 1) / n) - 1 > Math.abs(d) + 1e-9 ? 1 : 0))
      return [...half, ...half.map(h => h * Math.sign(d))]
    }
    const joined = x.map((_, i) => {
      const row: number[] = []
      for (let h = 0; h < heads; h++) {
        const logits = x.map((_, j) => {
          const r = matrix([mask(j - i)], rel, heads * keySize)[0]!
          let sum = 0
          for (let c = 0; c < keySize; c++) {
            const at = h * keySize + c
            const scaled = q[i]![at]! / Math.sqrt(keySize)
            sum += (scaled + u[at]!) * k[j]![at]! + (scaled + w[at]!) * r[at]!
          }
          return sum
        })
        const top = Math.max(...logits)
        const powers = logits.map(l => Math.exp(l - top))
        const total = powers.reduce((a, b) => a + b, 0)
        for (let c = 0; c < size; c++)
          row.push(powers.reduce((sum, p, j) => sum + (p / total) * v[j]![h * size + c]!, 0))
      }
      return row
    })
    return matrix(joined, out[0], width, out[1])
  }

  /** The model as Keras saves it. */
  save(): Uint8Array {
    const path = `/twin-${this.seed}.h5`
    const file = new hdf5.File(path, 'w')
    const names = [...this.layers.keys()]
    const root = file.create_group('model_weights')
    // Layers without weights are listed too.
    root.create_attribute('layer_names', ['sequence', ...names])
    root.create_group('sequence')
    for (const [layer, weights] of this.layers) {
      const group = root.create_group(layer)
      group.create_attribute('weight_names', [...weights.keys()])
      for (const [name, { shape, data }] of weights) {
        const parts = name.split('/')
        let at: hdf5.Group = group
        for (const part of parts.slice(0, -1)) at = (at.get(part) as hdf5.Group | null) ?? at.create_group(part)
        at.create_dataset({ name: parts.at(-1)!, data, shape: [...shape], dtype: '<f' })
      }
    }
    file.close()
    const bytes = hdf5.FS!.readFile(path) as unknown as Uint8Array
    hdf5.FS!.unlink(path)
    return bytes.slice()
  }
}

function matrix(x: Rows, w: Float32Array, units: number, bias?: Float32Array): Rows {
  return x.map(row =>
    Array.from({ length: units }, (_, o) => row.reduce((s, v, c) => s + v * w[c * units + o]!, bias?.[o] ?? 0)),
  )
}

export const gelu = (x: Rows): Rows => x.map(row => row.map(v => 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3))))) // biome-ignore format: one formula
export const relu = (x: Rows): Rows => x.map(row => row.map(v => Math.max(0, v)))
export const softplus = (x: Rows): Rows => x.map(row => row.map(v => Math.log1p(Math.exp(v))))
export const pool2 = (x: Rows): Rows => Array.from({ length: x.length / 2 }, (_, i) => x[2 * i]!.map((v, c) => Math.max(v, x[2 * i + 1]![c]!))) // biome-ignore format: one formula
export const twice = (x: Rows): Rows => x.flatMap(row => [row, row])
export const sum = (a: Rows, b: Rows): Rows => a.map((row, i) => row.map((v, c) => v + b[i]![c]!))
