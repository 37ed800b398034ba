import { type Check, fields, id, integer, oneOf, record } from './checks.ts'
import { COMPRESSION_ARGUMENTS } from './compressionArguments.ts'
import type { Args } from './contract.ts'
import { MODEL_ARGUMENTS } from './modelArguments.ts'
import type { JobAsked, OutlookMethods, ScanAsked } from './outlookMethods.ts'
import { RISK_ARGUMENTS } from './riskArguments.ts'
import { SCAN_ARGUMENTS } from './scanArguments.ts'

type Requests = { readonly [K in JobAsked['kind']]: (value: unknown) => Extract<JobAsked, { kind: K }>['request'] }

/** A request is checked as the call is that would start it. */
const REQUESTS: Requests = {
  predict: MODEL_ARGUMENTS['predict.region'],
  scan: fields<ScanAsked>({
    modelFileId: id,
    spanBp: integer(1, 1_000_000),
    answers: integer(1, 10_000),
    method: oneOf('exact', 'naive', 'gradient'),
    score: oneOf('sad', 'sar', 'logfold', 'absmax'),
  }),
  attribution: fields({ modelFileId: id }),
  field: SCAN_ARGUMENTS['field.start'],
  variants: SCAN_ARGUMENTS['variants.start'],
  compression: COMPRESSION_ARGUMENTS['compression.start'],
  cohort: RISK_ARGUMENTS['risk.cohortStart'],
  index: fields({ fileId: id }),
}

const job: Check<JobAsked> = (value, name) => {
  const asked = record(value, name)
  const kind = oneOf(...(Object.keys(REQUESTS) as JobAsked['kind'][]))(asked['kind'], `${name}.kind`)
  return { kind, request: REQUESTS[kind](asked['request']) } as JobAsked
}

export const OUTLOOK_ARGUMENTS: { readonly [M in keyof OutlookMethods]: (value: unknown) => Args<M> } = {
  'jobs.outlook': fields({ job }),
}
