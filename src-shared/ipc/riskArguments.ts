import { fields, flag, id, nothing, oneOf, text } from './checks.ts'
import type { Args } from './contract.ts'
import type { RiskMethods } from './riskMethods.ts'

const subject = { fileId: id, modelFileId: id }

export const RISK_ARGUMENTS: { readonly [M in keyof RiskMethods]: (value: unknown) => Args<M> } = {
  'risk.models': nothing,
  'risk.score': fields(subject),
  'risk.tokens': fields(subject),
  'risk.cohortOpen': fields({ fileId: id }),
  'risk.cohortStart': fields({ ...subject, again: flag }),
  'risk.cohort': fields(subject),
  'risk.cohortCompare': fields({ ...subject, otherModelFileId: id }),
  'risk.cohortExport': fields({ ...subject, format: oneOf('tsv', 'json') }),
  'risk.cohortSheet': fields({ fileId: id }),
  'risk.cohortSample': fields({ fileId: id, sample: text(1000) }),
}
