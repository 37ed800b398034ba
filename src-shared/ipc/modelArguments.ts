import type { Background, PredictOptions } from '../genome/prediction.ts'
import {
  type Check,
  fields,
  flag,
  id,
  integer,
  interval,
  list,
  nothing,
  oneOf,
  optional,
  record,
  text,
} from './checks.ts'
import type { Args } from './contract.ts'
import { WorkbenchError } from './errors.ts'
import type { ModelMethods } from './modelMethods.ts'

/** Far more tracks than any head has; the calls themselves state smaller limits. */
const channel = integer(0, 1_000_000)
const MAX_SHIFT_BP = 1_000_000

export const predictOptions: Check<PredictOptions> = (value, name) => {
  const r = record(value, name)
  const shiftsBp = list(integer(-MAX_SHIFT_BP, MAX_SHIFT_BP), 16)(r['shiftsBp'], `${name}.shiftsBp`)
  if (shiftsBp.length === 0 || new Set(shiftsBp).size !== shiftsBp.length)
    throw new WorkbenchError('bad-input', `argument '${name}.shiftsBp' is [${shiftsBp.join(', ')}], not different whole numbers`, 'reload the window') // biome-ignore format: one thought
  return { bothStrands: flag(r['bothStrands'], `${name}.bothStrands`), shiftsBp }
}

export const background: Check<Background> = (value, name) => {
  const r = record(value, name)
  if (oneOf('reference', 'haplotype')(r['kind'], `${name}.kind`) === 'reference') return { kind: 'reference' }
  return {
    kind: 'haplotype',
    fileId: id(r['fileId'], `${name}.fileId`),
    sample: text(1000)(r['sample'], `${name}.sample`),
    haplotype: integer(0, 1)(r['haplotype'], `${name}.haplotype`) as 0 | 1,
  }
}

const subject = { modelFileId: id, referenceFileId: id, options: predictOptions, background }
const comparison = {
  modelFileId: id,
  referenceFileId: id,
  channel,
  signalFileId: id,
  options: predictOptions,
  units: oneOf('model', 'signal'),
  observed: optional(oneOf('raw', 'transformed')) as Check<'raw' | 'transformed'>,
}

/** The checks of the calls about models; part of ARGUMENTS. */
export const MODEL_ARGUMENTS: { readonly [M in keyof ModelMethods]: (value: unknown) => Args<M> } = {
  'models.shipped': nothing,
  'models.openShipped': fields({ id: text(100) }),
  'models.facts': fields({ fileId: id }),
  'models.tracks': fields<Args<'models.tracks'>>({
    fileId: id,
    query: text(500),
    assay: optional(text(200)) as Check<string>,
    offset: integer(0, 10_000_000),
    limit: integer(1, 5000),
  }),
  'models.check': fields({ fileId: id }),
  'models.export': fields({ fileId: id, format: oneOf('onnx') }),
  'predict.bins': fields<Args<'predict.bins'>>({
    ...subject,
    interval,
    channels: list(channel, 1000),
    bins: integer(1, 20_000),
    units: optional(oneOf('model', 'signal')) as Check<'model' | 'signal'>,
  }),
  'predict.observed': fields<Args<'predict.observed'>>({
    modelFileId: id,
    channel,
    signalFileId: id,
    units: comparison.units,
    observed: comparison.observed,
    interval,
    binBp: integer(1, 1_000_000_000),
  }),
  'predict.region': fields({ ...subject, interval, channels: list(channel, 1000) }),
  'predict.compare': fields<Args<'predict.compare'>>({
    ...comparison,
    interval,
    scale: oneOf('linear', 'log', 'arcsinh'),
  }),
  'predict.compareRegions': fields<Args<'predict.compareRegions'>>({ ...comparison, intervals: list(interval, 1000) }),
  'predict.export': fields<Args<'predict.export'>>({
    ...subject,
    interval,
    channels: list(channel, 1000),
    format: oneOf('bigwig', 'bedgraph', 'tsv'),
    units: optional(oneOf('model', 'signal')) as Check<'model' | 'signal'>,
  }),
  'predict.cache': nothing,
  'predict.clearCache': nothing,
}
