import { baskerville } from './baskerville.ts'
import { basset } from './basset.ts'
import { bigbird } from './bigbird.ts'
import { encoderDecoder } from './encoderDecoder.ts'
import { enformer } from './enformer.ts'
import { linformer } from './linformer.ts'
import { logistic } from './logistic.ts'
import { lrt } from './lrt.ts'
import type { RegisteredModel } from './registry.ts'
import { sEnformer } from './sEnformer.ts'
import { transformer } from './transformer.ts'

/** Every kind of network that the program knows: a new one is a file here and a line below. */
export const MODELS: readonly RegisteredModel[] = [
  transformer,
  lrt,
  linformer,
  bigbird,
  encoderDecoder,
  enformer,
  sEnformer,
  baskerville,
  basset,
  logistic,
]
