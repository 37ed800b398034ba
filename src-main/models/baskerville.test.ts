import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ready } from 'h5wasm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { quietContext } from '../../src-shared/job.ts'
import { gelu, KerasTwin, pool2, type Rows, relu, softplus, sum, twice } from '../../test-support/keras-twin.ts'
import { SeededRandom } from '../../test-support/random.ts'
import { judgingGraph, relativeGap, valuesOf } from '../../test-support/small-network.ts'
import { importModel } from '../services/models/importModel.ts'
import { openModelFolder } from '../services/models/modelFolder.ts'
import { baskervilleDefinition, baskervilleGeometry, baskervilleLayers } from './baskerville.ts'
import { baskervilleArchitecture } from './checkpoints/baskervilleParams.ts'
import { MODELS } from './kinds.ts'
import { centralMask } from './layers/centralMask.ts'
import { parameterCount } from './layers/weights.ts'
import { modelRegistry } from './registry.ts'

const work = mkdtempSync(join(tmpdir(), 'baskerville-test-'))
beforeAll(() => ready)
afterAll(() => rmSync(work, { recursive: true, force: true, maxRetries: 10 }))

const params = {
  train: { batch_size: 4 },
  model: {
    seq_length: 64,
    augment_rc: true,
    augment_shift: 3,
    activation: 'gelu',
    norm_type: 'batch',
    bn_momentum: 0.9,
    trunk: [
      { name: 'conv_dna', filters: 3, kernel_size: 5, norm_type: null, activation: 'linear', pool_size: 2 },
      { name: 'conv_tower', filters_init: 4, filters_mult: 1.5, repeat: 1, kernel_size: 3, pool_size: 1 },
      { name: 'res_tower', filters_init: 4, filters_end: 6, divisible_by: 2, kernel_size: 3, num_convs: 2, repeat: 2 },
      { name: 'transformer_tower', key_size: 3, heads: 2, num_position_features: 4, repeat: 2 },
      { name: 'unet_conv', kernel_size: 3, upsample_conv: true },
      { name: 'unet_conv', kernel_size: 3 },
      { name: 'Cropping1D', cropping: 4 },
      { name: 'conv_nac', filters: 5, kernel_size: 2, dilation_rate: 3, dropout: 0.1 },
      { name: 'conv_nac', filters: 4, kernel_size: 3, conv_type: 'separable', norm_type: 'layer', activation: 'relu' },
    ],
    head_human: { name: 'final', units: 3, activation: 'softplus' },
    head_mouse: [
      { name: 'conv_nac', filters: 3, norm_type: null, activation: 'relu' },
      { name: 'final', units: 2, activation: 'softplus' },
    ],
  },
} as const

/** The same network by hand, in the order in which Keras makes its layers. */
function twinOf(k: KerasTwin, x: Rows): { human: Rows; mouse: Rows } {
  let y = pool2(k.conv1d(x, 3, 5))
  y = k.batchNorm(k.conv1d(gelu(y), 4, 3, { bias: false }))
  const kept: Rows[] = []
  for (const filters of [4, 6]) {
    const first = k.conv1d(gelu(k.batchNorm(y)), filters, 3)
    y = sum(first, k.scale(k.conv1d(gelu(k.batchNorm(first)), filters, 1)))
    kept.push(y)
    y = pool2(y)
  }
  for (let i = 0; i < 2; i++) {
    y = sum(y, k.attention(k.layerNorm(y), { heads: 2, keySize: 3, features: 4 }))
    y = sum(y, k.dense(relu(k.dense(k.layerNorm(y), 12)), 6))
  }
  for (const mapped of [true, false]) {
    const low = gelu(k.batchNorm(y))
    const high = gelu(k.batchNorm(kept.pop()!))
    const side = mapped ? k.dense(low, 6) : low
    y = k.separableConv1d(sum(twice(side), k.dense(high, 6)), 6, 3)
  }
  y = k.conv1d(gelu(k.batchNorm(y.slice(4, -4))), 5, 2, { dilation: 3 })
  y = gelu(k.separableConv1d(relu(k.layerNorm(y)), 4, 3))
  const human = softplus(k.dense(y, 3))
  return { human, mouse: softplus(k.dense(k.conv1d(relu(y), 3, 1), 2)) }
}

const random = new SeededRandom('bases')
const sequence: Rows = Array.from({ length: 64 }, () => {
  const base = random.integer(0, 5) // 4: unknown
  return [0, 1, 2, 3].map(b => (b === base ? 1 : 0))
})

async function imported(name: string, twin: KerasTwin): Promise<string> {
  const source = join(work, `${name}.h5`)
  writeFileSync(source, twin.save())
  writeFileSync(join(work, 'params.json'), JSON.stringify(params))
  const out = join(work, name)
  await importModel({ source, from: 'baskerville', out, now: 0 }, modelRegistry(MODELS), quietContext())
  return out
}

async function outputsOf(folder: string): Promise<Map<string, Float64Array>> {
  const model = await openModelFolder(folder)
  try {
    const graph = judgingGraph()
    const network = modelRegistry(MODELS).configure(model.json.kind, model.json.architecture)
    const outputs = network.buildForward(graph, { batch: 1 })
    const numbers = new Map<string, ArrayLike<number>>([['sequence', sequence.flat()]])
    for (const p of network.parameters) numbers.set(p.name, (await model.weights.read(p.name)).data as Float32Array)
    return new Map(Object.entries(outputs).map(([head, t]) => [head, valuesOf(t, numbers)]))
  } finally {
    await model.close()
  }
}

// Truth: the network written by hand in Keras' layout, naming and order; neither graph nor importer is used there.
describe('a network of every block, through a Keras file', () => {
  it('gives what the network by hand gives, both heads', async () => {
    const twin = new KerasTwin('every')
    const expected = twinOf(twin, sequence)
    const got = await outputsOf(await imported('every', twin))
    expect([...got.keys()]).toEqual(['human', 'mouse'])
    expect(got.get('human')).toHaveLength(3 * 24)
    expect(relativeGap(got.get('human')!, expected.human.flat())).toBeLessThan(1e-12)
    expect(relativeGap(got.get('mouse')!, expected.mouse.flat())).toBeLessThan(1e-12)
  })
  it('counts on from an earlier model of the same process', async () => {
    const twin = new KerasTwin('late', 7)
    const expected = twinOf(twin, sequence)
    const got = await outputsOf(await imported('late', twin))
    expect(relativeGap(got.get('human')!, expected.human.flat())).toBeLessThan(1e-12)
  })
  it.each(['human', 'mouse'] as const)('takes a file that holds the head %s alone, and says so', async head => {
    const twin = new KerasTwin(`only ${head}`)
    const expected = twinOf(twin, sequence)
    // dense: four of two transformer blocks, three of two U-nets, human, mouse; conv1d: seven in the trunk, one in the head.
    const gone = head === 'human' ? ['dense_8', 'conv1d_7'] : ['dense_7']
    for (const name of gone) expect(twin.layers.delete(name)).toBe(true)
    const folder = await imported(`only-${head}`, twin)
    const model = await openModelFolder(folder)
    await model.close()
    expect(model.json.output.heads?.map(h => h.name)).toEqual([head])
    expect(model.json.limits.join(' ')).toContain(head === 'human' ? "'mouse'" : "'human'")
    const got = await outputsOf(folder)
    expect(relativeGap(got.get(head)!, expected[head].flat())).toBeLessThan(1e-12)
  })
  it('lists every tensor that is missing, unused or misshapen', async () => {
    const twin = new KerasTwin('broken')
    twinOf(twin, sequence)
    twin.layers.delete('batch_normalization_2')
    const kernel = twin.layers.get('conv1d_1')!
    kernel.set('conv1d_1/kernel:0', { shape: [3, 4, 4], data: new Float32Array(48) })
    twin.layers.set('dense_20', new Map([['dense_20/kernel:0', { shape: [1, 1], data: new Float32Array(1) }]]))
    const fault = await imported('broken', twin).then(
      () => undefined,
      (error: WorkbenchError) => error,
    )
    expect(fault?.code).toBe('bad-model')
    for (const part of ["unused: 'dense_20/kernel' [1, 1]", "misshapen: 'conv1d_1/kernel' is [4, 4, 3]", "missing: 'tower.1.norm1.weight' [4]"]) // biome-ignore format: one thought
      expect(fault?.message).toContain(part)
  })
  it('refuses weights that are not numbers', async () => {
    const twin = new KerasTwin('nan')
    twinOf(twin, sequence)
    twin.layers.get('dense_3')!.get('dense_3/bias:0')!.data[1] = Number.NaN
    await expect(imported('nan', twin)).rejects.toMatchObject({ code: 'not-finite', message: expect.stringContaining('dense_3/bias') }) // biome-ignore format: one thought
  })
})

/** The published full-size network (calico/borzoi, examples/params.json). */
const borzoi = {
  model: {
    seq_length: 524288,
    augment_rc: true,
    augment_shift: 3,
    activation: 'gelu',
    norm_type: 'batch-sync',
    bn_momentum: 0.9,
    kernel_initializer: 'lecun_normal',
    l2_scale: 2e-8,
    trunk: [
      { name: 'conv_dna', filters: 512, kernel_size: 15, norm_type: null, activation: 'linear', pool_size: 2 },
      { name: 'res_tower', filters_init: 608, filters_end: 1536, divisible_by: 32, kernel_size: 5, num_convs: 1, pool_size: 2, repeat: 6 }, // biome-ignore format: one block a line
      { name: 'transformer_tower', key_size: 64, heads: 8, num_position_features: 32, dropout: 0.2, mha_l2_scale: 1e-8, l2_scale: 1e-8, kernel_initializer: 'he_normal', repeat: 8 }, // biome-ignore format: one block a line
      { name: 'unet_conv', kernel_size: 3, upsample_conv: true },
      { name: 'unet_conv', kernel_size: 3, upsample_conv: true },
      { name: 'Cropping1D', cropping: 5120 },
      { name: 'conv_nac', filters: 1920, dropout: 0.1 },
    ],
    head_human: { name: 'final', units: 7611, activation: 'softplus' },
    head_mouse: { name: 'final', units: 2608, activation: 'softplus' },
  },
}

describe('the full-size Borzoi layout', () => {
  const config = baskervilleDefinition.parseConfig(baskervilleArchitecture(borzoi))
  // Truth: published filters, 32 bp bins, 196,608 bp kept; parameters by the formula of each layer.
  it('has the published filters, bins and heads', () => {
    const tower = config.trunk.find(b => b.block === 'tower')
    expect(tower?.filters).toEqual([608, 736, 896, 1056, 1280, 1536])
    expect(baskervilleGeometry(config)).toEqual({ binSize: 32, bins: 6144, cropBins: 5120, lengthMultiple: 128 })
    expect([...config.outputs]).toEqual([
      ['human', 7611],
      ['mouse', 2608],
    ])
  })
  it('has the parameters that its layers add up to', () => {
    const widths = [512, 608, 736, 896, 1056, 1280, 1536]
    const conv = (a: number, b: number, k: number) => a * b * k + b
    const tower = widths.slice(1).reduce((n, b, i) => n + 2 * widths[i]! + conv(widths[i]!, b, 5), 0)
    const attention = 2 * 8 * 64 + 2 * 1536 * 512 + 1536 * 1536 + (1536 * 1536 + 1536) + 32 * 512
    const block = 4 * 1536 + attention + conv(1536, 3072, 1) + conv(3072, 1536, 1)
    const unet = (skip: number) => 2 * 1536 + 2 * skip + conv(1536, 1536, 1) + conv(skip, 1536, 1) + 3 * 1536 + conv(1536, 1536, 1) // biome-ignore format: one formula
    const rest = 2 * 1536 + conv(1536, 1920, 1) + conv(1920, 7611, 1) + conv(1920, 2608, 1)
    const expected = conv(4, 512, 15) + tower + 8 * block + unet(1536) + unet(1280) + rest
    expect(parameterCount(baskervilleLayers(config).flatMap(l => l.specs))).toBe(expected)
  })
  it('builds: 6,144 bins of both heads, nothing allocated', () => {
    const graph = judgingGraph()
    const outputs = baskervilleDefinition.buildForward(graph, { ...config, trunk: config.trunk.filter(b => b.block !== 'transformer') }, { batch: 1 }) // biome-ignore format: one thought
    expect(outputs['human']!.shape).toEqual([1, 6144, 7611])
    expect(outputs['mouse']!.shape).toEqual([1, 6144, 2608])
  })
  it('takes another window: crops stay, bins follow', () => {
    const graph = judgingGraph()
    const short = { ...config, trunk: config.trunk.filter(b => b.block !== 'transformer') }
    expect(baskervilleDefinition.buildForward(graph, short, { batch: 1, length: 393216 })['human']!.shape).toEqual([1, 2048, 7611]) // biome-ignore format: one thought
    expect(() => baskervilleDefinition.buildForward(judgingGraph(), short, { batch: 1, length: 327680 })).toThrow(/crops 5120 of 10240/) // biome-ignore format: one thought
    expect(() => baskervilleDefinition.buildForward(judgingGraph(), short, { batch: 1, length: 524290 })).toThrow(/cannot be pooled by 2/) // biome-ignore format: one thought
  })
})

describe('params.json', () => {
  const refused = (change: (model: Record<string, unknown> & { trunk: Record<string, unknown>[] }) => void) => {
    const copy = structuredClone(borzoi) as unknown as { model: Record<string, unknown> & { trunk: Record<string, unknown>[] } } // biome-ignore format: one thought
    change(copy.model)
    try {
      baskervilleArchitecture(copy)
    } catch (error) {
      return (error as Error).message
    }
    return 'accepted'
  }
  // Truth: what calico/baskerville's blocks.py knows and this program does not must never be built as something else.
  it.each([
    ['a block', () => refused(m => m.trunk.push({ name: 'squeeze_excite' })), /trunk\[7\] is a block 'squeeze_excite'/],
    ['a field of a block', () => refused(m => { m.trunk[1]!['wobble'] = 3 }), /trunk\[1\] \(res_tower\): wobble is 3/], // biome-ignore format: a table
    ['a kind of pooling', () => refused(m => { m.trunk[1]!['pool_type'] = 'softmax' }), /trunk\[1\] \(res_tower\): pool_type is "softmax"/], // biome-ignore format: a table
    ['a norm', () => refused(m => { m['norm_type'] = 'group' }), /\(res_tower\): norm_type is "group"/], // biome-ignore format: a table
    ['an activation', () => refused(m => { m['activation'] = 'polyrelu' }), /activation is "polyrelu"/], // biome-ignore format: a table
    ['wide queries', () => refused(m => { m.trunk[2]!['qkv_width'] = 3 }), /\(transformer_tower\): qkv_width is 3/], // biome-ignore format: a table
    ['another transformer', () => refused(m => { m.trunk[2]!['block_type'] = 'swin' }), /block_type is "swin"/], // biome-ignore format: a table
    ['a lopsided crop', () => refused(m => { m.trunk[5]!['cropping'] = [1, 2] }), /\(Cropping1D\): cropping is \[1,2\]/], // biome-ignore format: a table
    ['a head without activation', () => refused(m => { m['head_human'] = { name: 'final', units: 3 } }), /head_human: activation is missing/], // biome-ignore format: a table
    ['a field of the model', () => refused(m => { m['diagonal_offset'] = 2 }), /model: diagonal_offset is 2/], // biome-ignore format: a table
    ['no heads', () => refused(m => { delete m['head_human']; delete m['head_mouse'] }), /no head/], // biome-ignore format: a table
    ['no trunk', () => refused(m => { m.trunk = [] }), /trunk is \[\]/], // biome-ignore format: a table
    ['a dropout of one', () => refused(m => { m.trunk[6]!['dropout'] = 1 }), /\(conv_nac\): dropout is 1/], // biome-ignore format: a table
  ])('refuses %s by name', (_, message, pattern) => {
    expect(message()).toMatch(pattern)
  })
  // Truth: numpy.round rounds halves to even: 20 / 8 = 2.5 -> 16, 28 / 8 = 3.5 -> 32.
  it('rounds filters as numpy does, from an end or by a factor', () => {
    const filters = (tower: object) => {
      const trunk = [{ name: 'res_tower', kernel_size: 3, num_convs: 1, divisible_by: 8, ...tower }]
      const block = baskervilleArchitecture({ model: { ...borzoi.model, trunk } }).trunk[0]!
      return block.block === 'tower' ? block.filters : []
    }
    expect(filters({ filters_init: 20, filters_mult: 1.4, repeat: 2 })).toEqual([16, 32])
    expect(filters({ filters_init: 80, filters_end: 128, repeat: 6 })).toEqual([80, 88, 96, 104, 120, 128])
  })
  it('knows the U-net block by its earlier name', () => {
    const named = (block: object) => baskervilleArchitecture({ model: { ...borzoi.model, trunk: [...borzoi.model.trunk.slice(0, 3), block] } }).trunk[3] // biome-ignore format: one thought
    expect(named({ name: 'fpn_unet', kernel_size: 3 })).toEqual(named({ name: 'unet_conv', kernel_size: 3, upsample_conv: true })) // biome-ignore format: one thought
  })
  it('refuses a U-net that finds nothing to join', () => {
    const lone = { ...borzoi.model, trunk: [borzoi.model.trunk[0], { name: 'unet_conv' }] }
    expect(() => baskervilleDefinition.parseConfig(baskervilleArchitecture({ model: lone }))).toThrow(/block 2 \(unet\) finds no/) // biome-ignore format: one thought
  })
  it('refuses heads of different bins', () => {
    const head = [
      { name: 'Cropping1D', cropping: 8 },
      { name: 'final', units: 2, activation: 'softplus' },
    ]
    expect(() => baskervilleDefinition.parseConfig(baskervilleArchitecture({ model: { ...borzoi.model, head_mouse: head } }))).toThrow(/head 'human' gives 6144 bins and head 'mouse' 6128/) // biome-ignore format: one thought
  })
})

// Truth: the definition (float32 rate^k - 1 > |d|), at the distances where a mask ends.
describe('the central mask', () => {
  it('is 1 within rate^k - 1, and carries the sign in its second half', () => {
    const [tokens, features] = [1024, 32]
    const table = centralMask(tokens, features)
    const rate = 1025 ** (1 / 16)
    for (const d of [-1023, -400, -3, -1, 0, 1, 2, 7, 80, 1023])
      for (let k = 0; k < 16; k++) {
        const inside = rate ** (k + 1) - 1 > Math.abs(d) ? 1 : 0
        expect(table[(d + tokens - 1) * features + k]).toBe(inside)
        expect(table[(d + tokens - 1) * features + 16 + k]! + 0).toBe(inside * Math.sign(d) + 0)
      }
  })
})
