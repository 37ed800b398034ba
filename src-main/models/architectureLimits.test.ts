import { describe, expect, it } from 'vitest'
import { checkArchitectureSize } from './architectureLimits.ts'
import { MODELS } from './kinds.ts'
import { modelRegistry } from './registry.ts'

const tokens = { vocabulary: 9, maxTokens: 8, width: 4, layers: 2, heads: 2, feedForward: 6, tokenHead: 'tied' }

describe('the size of an architecture', () => {
  it('takes what is published', () => {
    checkArchitectureSize({ length: 524_288, layers: 96, trunk: [{ block: 'transformer', repeat: 11 }] })
  })
  it.each([
    ['layers', { ...tokens, layers: 100_000_000 }],
    ['maxTokens', { ...tokens, maxTokens: 2 ** 40 }],
  ])('%s out of all proportion is refused before anything is built', (field, architecture) => {
    expect(() => modelRegistry(MODELS).configure('transformer', architecture)).toThrow(`architecture.${field}`)
  })
  it('looks into lists', () => {
    expect(() => checkArchitectureSize({ trunk: [{ repeat: 1 }, { repeat: 1e9 }] })).toThrow(/trunk\.1\.repeat is 1e?/)
  })
})
