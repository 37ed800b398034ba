import { TUNE_LIMITS, type TuneNetwork, type TuneSettings, type TuneStart } from '../genome/tune.ts'
import { type Check, fields, id, integer, number, oneOf, optional, record, text } from './checks.ts'
import type { Args } from './contract.ts'
import type { TuneMethods } from './tuneMethods.ts'

const start: Check<TuneStart> = (value, name) => {
  const { kind, fileId, modelId } = record(value, name)
  switch (oneOf('fresh', 'open', 'shipped')(kind, `${name}.kind`)) {
    case 'fresh':
      return { kind: 'fresh' }
    case 'open':
      return { kind: 'open', fileId: id(fileId, `${name}.fileId`) }
    case 'shipped':
      return { kind: 'shipped', modelId: id(modelId, `${name}.modelId`) }
  }
}

const within = (field: keyof typeof TUNE_LIMITS) => integer(TUNE_LIMITS[field][0], TUNE_LIMITS[field][1])
const fraction = (field: keyof typeof TUNE_LIMITS) => number(TUNE_LIMITS[field][0], TUNE_LIMITS[field][1])

/** Fields are named as a person sees them: `settings.batch`. */
const named =
  <T>(shape: { readonly [K in keyof T]-?: Check<T[K]> }): Check<T> =>
  (value, name) => {
    const given = record(value, name)
    const out: Record<string, unknown> = {}
    for (const key of Object.keys(shape) as (keyof T & string)[]) {
      const parsed = shape[key](given[key], `${name}.${key}`)
      if (parsed !== undefined) out[key] = parsed
    }
    return out as T
  }

const network = named<TuneNetwork>({
  width: within('width'),
  layers: within('layers'),
  heads: within('heads'),
  feedForward: within('feedForward'),
  projection: within('projection'),
})

const settings = named<TuneSettings>({
  name: text(80),
  start,
  referenceFileId: id,
  network,
  vocabulary: within('vocabulary'),
  flankBp: within('flankBp'),
  caller: oneOf('robust', 'top2'),
  panelShare: fraction('panelShare'),
  splits: within('splits'),
  epochs: within('epochs'),
  batch: within('batch'),
  rate: fraction('rate'),
  warmupSteps: within('warmupSteps'),
  patience: within('patience'),
  stopBy: optional(oneOf('auc', 'loss')),
  seed: within('seed'),
})

const tuneId = fields({ tuneId: id })

export const TUNE_ARGUMENTS: { readonly [M in keyof TuneMethods]: (value: unknown) => Args<M> } = {
  'risk.tuneOptions': fields({ fileId: id }),
  'risk.tuneCost': fields({ fileId: id, settings }),
  'risk.tuneStart': fields({ fileId: id, settings }),
  'risk.tuneResume': tuneId,
  'risk.tunes': fields({ fileId: id }),
  'risk.tune': tuneId,
  'risk.tuneOpen': tuneId,
  'risk.tuneRemove': tuneId,
  'risk.tuneExport': fields({ tuneId: id, what: oneOf('card', 'recipe', 'report', 'log') }),
}
