import { registered } from './registry.ts'
import { tokenEncoderKind } from './tokenEncoder.ts'

/** Encoder with block-sparse attention over a stored pattern (Zaheer et al. 2020). Its sequences have exactly maxTokens. */
export const bigbirdDefinition = tokenEncoderKind('bigbird', (fields, maxTokens) => {
  const block = fields.count('block')
  if (maxTokens % block !== 0 || maxTokens / block < 3)
    throw fields.fault('block', `a third of maxTokens ${maxTokens} at most, and a divisor`)
  return { block, randomBlocks: fields.count('randomBlocks') }
})
export const bigbird = registered(bigbirdDefinition)
