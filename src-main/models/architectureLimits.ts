import { WorkbenchError } from '../../src-shared/ipc/errors.ts'

/**
 * Fields whose size is memory before any weight is compared with the file: each layer is a handful of specifications, each position a row of
 * position features. Far above every published network (Enformer: 11 layers, 196,608 bp; Borzoi: 524,288 bp).
 */
const LIMITS: readonly (readonly [RegExp, number])[] = [
  [/^(layers|encoderLayers|decoderLayers|repeat)$/, 1024],
  [/^(length|maxTokens|maxTargetTokens)$/, 2 ** 24],
]

/** Refuses an architecture that would take gigabytes just to be described. @throws WorkbenchError `bad-model` that names the field */
export function checkArchitectureSize(json: unknown, path = 'architecture'): void {
  if (typeof json !== 'object' || json === null) return
  for (const [field, value] of Object.entries(json)) {
    const limit = LIMITS.find(([name]) => name.test(field))?.[1]
    if (limit !== undefined && typeof value === 'number' && value > limit)
      throw new WorkbenchError('bad-model', `${path}.${field} is ${value}, expected at most ${limit}`, 'check model.json', { field }) // biome-ignore format: one thought
    checkArchitectureSize(value, `${path}.${field}`)
  }
}
