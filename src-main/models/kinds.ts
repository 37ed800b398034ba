import type { RegisteredModel } from './registry.ts'

/** Every kind of network that the program knows: a new one is a file here and a line below. */
export const MODELS: readonly RegisteredModel[] = []
