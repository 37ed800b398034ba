import { LINFORMER_SHARING } from './layers/linformer.ts'
import { registered } from './registry.ts'
import { tokenEncoderKind } from './tokenEncoder.ts'

/** Encoder whose attention costs linearly, through learned projections of the length (Wang et al. 2020). */
export const linformerDefinition = tokenEncoderKind('linformer', (fields, maxTokens) => ({
  linformer: {
    projection: fields.count('projection'),
    sharing: fields.choice('sharing', LINFORMER_SHARING, 'none'),
    maxTokens,
  },
}))
export const linformer = registered(linformerDefinition)
