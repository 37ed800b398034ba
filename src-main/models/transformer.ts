import { registered } from './registry.ts'
import { tokenEncoderKind } from './tokenEncoder.ts'

/** Encoder with full attention (Vaswani et al. 2017; Devlin et al. 2019). */
export const transformerDefinition = tokenEncoderKind('transformer', () => ({}))
export const transformer = registered(transformerDefinition)
