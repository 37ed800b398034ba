import { baskervilleArchitecture } from '../../src-main/models/checkpoints/baskervilleParams.ts'
import type { TrackModel } from '../../test-support/track-model.ts'

/** A network that is scanned, and how. */
export interface MutationCase {
  readonly model: TrackModel
  /** Positions of the scan, in the middle of the window; three alternatives each. */
  readonly span: number
  /** Batches that the naive method is tried with; the fastest counts. */
  readonly naiveBatches: readonly number[]
  /** Mutants that the naive method is timed on, each round. */
  readonly naiveSample: number
  /** Mutants that the exact method is timed on, each round; absent: the whole scan. */
  readonly exactSample?: number
  readonly rounds: number
  /** Speed-up that is aimed at, and the best published for the setting (Nair et al. 2022, fastISM). */
  readonly aim: number
  readonly published: number
}

/** Enformer as published (Avsec et al. 2021): 196,608 bp, 896 bins of 128 bp. */
const enformer = (outputs: Readonly<Record<string, number>>): TrackModel => ({
  kind: 'enformer',
  architecture: {
    length: 196_608,
    stemFilters: 768,
    towerFilters: [768, 896, 1024, 1152, 1280, 1536],
    layers: 11,
    heads: 8,
    keySize: 64,
    valueSize: 192,
    positionFeatures: 192,
    targetBins: 896,
    outputs,
  },
  length: 196_608,
  binSize: 128,
  bins: 896,
  cropBins: 320,
  heads: Object.entries(outputs).map(([name, tracks]) => ({ name, tracks })),
})

/** Basset (Kelley, Snoek and Rinn 2016) on another length. */
const basset = (length: number): TrackModel => ({
  kind: 'basset',
  architecture: { length, filters: [300, 200, 200], kernels: [19, 11, 7], pools: [3, 4, 4], dense: [1000, 1000], outputs: { human: 164 } }, // biome-ignore format: one table
  length,
  binSize: length,
  bins: 1,
  cropBins: 0,
  heads: [{ name: 'human', tracks: 164 }],
})

/** The layout of the example network of calico/baskerville: 131,072 bp, 74 tracks, 2,048 bins of 32 bp. */
const baskerville: TrackModel = {
  kind: 'baskerville',
  architecture: baskervilleArchitecture({
    model: {
      seq_length: 131_072,
      activation: 'gelu',
      norm_type: 'batch',
      trunk: [
        { name: 'conv_dna', filters: 64, kernel_size: 7, norm_type: null, activation: 'linear', pool_size: 2 },
        {
          name: 'res_tower',
          filters_init: 80,
          filters_end: 128,
          divisible_by: 8,
          kernel_size: 5,
          num_convs: 1,
          repeat: 6,
        },
        { name: 'transformer_tower', key_size: 32, heads: 2, num_position_features: 32, repeat: 2 },
        { name: 'unet_conv', kernel_size: 3, upsample_conv: true },
        { name: 'unet_conv', kernel_size: 3, upsample_conv: true },
        { name: 'Cropping1D', cropping: 1024 },
      ],
      head_human: { name: 'final', units: 74, activation: 'softplus' },
    },
  }) as TrackModel['architecture'],
  length: 131_072,
  binSize: 32,
  bins: 2048,
  cropBins: 1024,
  heads: [{ name: 'human', tracks: 74 }],
}

export const MUTATION_CASES: Readonly<Record<string, MutationCase>> = {
  enformer: { model: enformer({ human: 5313 }), span: 100, naiveBatches: [1], naiveSample: 1, exactSample: 3, rounds: 3, aim: 4.4, published: 2.29 }, // biome-ignore format: one table
  'enformer-small-head': { model: enformer({ human: 1 }), span: 1000, naiveBatches: [1], naiveSample: 1, exactSample: 3, rounds: 3, aim: 4.8, published: 3.17 }, // biome-ignore format: one table
  'basset-1000': { model: basset(1000), span: 1000, naiveBatches: [1, 16, 64], naiveSample: 192, rounds: 3, aim: 12, published: 10.1 }, // biome-ignore format: one table
  'basset-2000': { model: basset(2000), span: 2000, naiveBatches: [1, 16, 64], naiveSample: 192, rounds: 3, aim: 18, published: 15.5 }, // biome-ignore format: one table
  baskerville: { model: baskerville, span: 200, naiveBatches: [1, 4], naiveSample: 12, exactSample: 120, rounds: 3, aim: 4, published: 0 }, // biome-ignore format: one table
}
