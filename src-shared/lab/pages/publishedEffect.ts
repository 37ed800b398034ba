/**
 * Table 3.1 of S. Cahyawijaya, Greenformers: improving computation and memory efficiency in transformer models via low-rank approximation
 * (thesis, HKUST 2021): MNIST as sequences of 785 tokens. One training each; its spread, optimiser, rate, batch and epochs are not given.
 */
export const TABLE = 'Cahyawijaya 2021 (Greenformers), Table 3.1'

export interface PublishedEffect {
  readonly model: 'transformer' | 'lrt' | 'linformer'
  /** Of the network that the rounded number of the table belongs to: width 256, 4 layers, 8 heads, 30,522 embeddings. */
  readonly parameters: number
  readonly printed: string
  readonly trainAccuracy: number
  readonly testAccuracy: number
}

/** r and k are 64. */
export const PUBLISHED_EFFECT: readonly PublishedEffect[] = [
  { model: 'transformer', parameters: 11_243_018, printed: '11.2M', trainAccuracy: 0.9872, testAccuracy: 0.9695 },
  { model: 'lrt', parameters: 9_276_938, printed: '9.3M', trainAccuracy: 0.9904, testAccuracy: 0.9731 },
  { model: 'linformer', parameters: 11_644_938, printed: '11.6M', trainAccuracy: 0.9889, testAccuracy: 0.9682 },
]

export const PUBLISHED_SIZES = { tokens: 785, width: 256, layers: 4, rank: 64 } as const
