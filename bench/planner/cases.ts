/** A graph whose cost is predicted, then measured. */
export interface PlannerCase {
  readonly name: string
  readonly kind: string
  readonly architecture: Readonly<Record<string, unknown>>
  readonly batch: number
  readonly work: 'inference' | 'training'
  /** Looked at when the planner was made; the others judge it. */
  readonly design: boolean
}

type Work = PlannerCase['work']

const encoder =
  (design: boolean) =>
  (
    kind: string,
    tokens: number,
    width: number,
    layers: number,
    heads: number,
    batch: number,
    works: readonly Work[],
    more: Readonly<Record<string, number>> = {},
  ): readonly PlannerCase[] =>
    // biome-ignore format: one line
    works.map(work => ({
      name: `${kind} ${tokens} tokens, width ${width}, ${layers} layers, batch ${batch}${Object.entries(more).map(([k, v]) => `, ${k} ${v}`).join('')}, ${work}`, // biome-ignore format: one line
      kind,
      batch,
      work,
      design,
      architecture: { vocabulary: 4000, maxTokens: tokens, width, layers, heads, feedForward: 4 * width, tokenHead: 'none', classes: 2, pooler: true, ...more }, // biome-ignore format: one table
    }))

const trunk =
  (design: boolean) =>
  (
    kind: string,
    length: number,
    towerFilters: readonly number[],
    layers: number,
    works: readonly Work[],
  ): readonly PlannerCase[] => {
    const width = towerFilters.at(-1)!
    const tokens = length / 2 ** (towerFilters.length + 1)
    const attention = kind === 'enformer' ? { keySize: 64, valueSize: width / 8, positionFeatures: 192 } : { block: 64 }
    return works.map(work => ({
      name: `${kind} ${length} bp, width ${width}, ${layers} layers, ${work}`,
      kind,
      batch: 1,
      work,
      design,
      architecture: { length, stemFilters: width / 2, towerFilters, layers, heads: 8, targetBins: tokens - 2 * Math.floor(tokens / 8), outputs: { human: 200 }, ...attention }, // biome-ignore format: one table
    }))
  }

const basset = (design: boolean, length: number, batch: number, work: Work): PlannerCase => ({
  name: `basset ${length} bp, batch ${batch}, ${work}`,
  kind: 'basset',
  batch,
  work,
  design,
  architecture: { length, filters: [300, 200, 200], kernels: [19, 11, 7], pools: [3, 4, 4], dense: [1000, 1000], outputs: { human: 164 } }, // biome-ignore format: one table
})

const unet = (design: boolean, length: number, factor: number, batch: number, work: Work): PlannerCase => ({
  name: `baskerville ${length} bp, width ${192 * factor}, batch ${batch}, ${work}`,
  kind: 'baskerville',
  batch,
  work,
  design,
  architecture: {
    length,
    activation: 'gelu',
    trunk: [
      { block: 'conv', order: 'conv-norm-activation', filters: 128 * factor, kernel: 15, bias: true, norm: 'none', activation: 'linear', pool: 2 }, // biome-ignore format: one block a line
      { block: 'tower', order: 'norm-activation-conv', filters: [144, 160, 176, 192].map(f => f * factor), kernel: 5, bias: true, norm: 'batch', activation: 'gelu', pool: 2, keep: 'before-pool' }, // biome-ignore format: one block a line
      { block: 'transformer', repeat: 2, heads: 4, keySize: 32, positionFeatures: 32 },
      { block: 'unet', kernel: 3, norm: 'batch', activation: 'gelu', dense: true },
      { block: 'crop', positions: 8 },
    ],
    outputs: { human: 64 },
    heads: { human: { activation: 'softplus' } },
  },
})

const both: readonly Work[] = ['inference', 'training']
const small = [96, 112, 128, 160, 176, 192]
const half = [384, 448, 512, 576, 672, 768]
const middle = [128, 160, 192, 224, 240, 256]
const shown = encoder(true)
const held = encoder(false)
const shownTrunk = trunk(true)
const heldTrunk = trunk(false)

export const PLANNER_CASES: readonly PlannerCase[] = [
  ...shown('transformer', 128, 256, 2, 4, 8, both),
  ...shown('transformer', 512, 256, 4, 8, 8, both),
  ...shown('transformer', 1024, 512, 2, 8, 1, both),
  ...shown('transformer', 2048, 256, 2, 4, 1, both),
  ...shown('transformer', 785, 64, 2, 4, 16, both),
  ...shown('lrt', 512, 256, 2, 4, 4, both, { rank: 64 }),
  ...shown('linformer', 512, 256, 2, 4, 4, both, { projection: 64 }),
  ...shown('bigbird', 2048, 256, 2, 4, 1, ['inference'], { block: 64, randomBlocks: 3 }),
  ...shownTrunk('enformer', 32_768, small, 2, both),
  ...shownTrunk('enformer', 131_072, small, 2, ['inference']),
  ...shownTrunk('s-enformer', 65_536, small, 2, both),
  basset(true, 600, 8, 'inference'),
  basset(true, 1344, 8, 'training'),
  unet(true, 16_384, 1, 1, 'inference'),
  unet(true, 32_768, 1, 1, 'training'),

  ...held('transformer', 300, 192, 3, 6, 5, both),
  ...held('transformer', 1500, 320, 2, 5, 1, both),
  ...held('transformer', 640, 512, 6, 8, 1, ['training']),
  ...held('lrt', 1024, 256, 3, 4, 2, both, { rank: 32 }),
  ...held('lrt', 3072, 256, 1, 4, 1, ['inference'], { rank: 128 }),
  ...held('linformer', 1024, 768, 2, 12, 1, both, { projection: 64 }),
  ...held('linformer', 6144, 128, 2, 4, 1, ['inference'], { projection: 192 }),
  ...held('bigbird', 1536, 320, 2, 5, 1, both, { block: 64, randomBlocks: 2 }),
  ...heldTrunk('enformer', 49_152, middle, 3, both),
  ...heldTrunk('enformer', 98_304, small, 1, both),
  ...heldTrunk('enformer', 65_536, half, 1, ['inference']),
  ...heldTrunk('enformer', 65_536, small, 0, ['training']),
  ...heldTrunk('s-enformer', 98_304, middle, 2, both),
  basset(false, 900, 16, 'inference'),
  basset(false, 900, 16, 'training'),
  unet(false, 24_576, 1, 2, 'inference'),
  unet(false, 24_576, 1, 2, 'training'),
  unet(false, 49_152, 2, 1, 'inference'),
]
