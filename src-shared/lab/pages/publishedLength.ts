/**
 * The S-Enformer report (Currie, code: Currie32/s-enformer): figures 1 to 3, measured on one RTX 6000 (24 GB), ten steps of a human and
 * a mouse batch of one window, gradients of the attention variables alone, times with the tracing of both functions. The curves were not
 * published as numbers.
 */
export const REPORT = 'S-Enformer report (Currie), RTX 6000 24 GB'

export const PUBLISHED_LENGTH = {
  limitBytes: 24 * 1024 ** 3,
  limitText: '24 GiB (25.8 GB)',
  /** Window at which full attention ran out of the 24 GB. */
  fullFailsBp: 589_824,
  /** Largest window that ran with block-sparse attention. */
  sparseRunsBp: 786_432,
  /** Where the curves of memory a layer cross, about. */
  layerCrossoverBp: 300_000,
  /** A sparse layer at the first needs less memory than a full one at the second. */
  sparseLayerBp: 786_432,
  fullLayerBp: 393_216,
} as const
