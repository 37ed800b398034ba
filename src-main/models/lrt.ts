import { registered } from './registry.ts'
import { tokenEncoderKind } from './tokenEncoder.ts'

/** The low-rank transformer: LED units of one rank in every linear map of attention and feed-forward (Winata et al. 2020). */
export const lrtDefinition = tokenEncoderKind('lrt', fields => ({ rank: fields.count('rank') }))
export const lrt = registered(lrtDefinition)
