import { COMPRESSION_METHODS, type CompressionChoice, type LayerChoice } from '../lab/compression.ts'
import { type Check, fields, id, integer, nothing, number, oneOf, record, text } from './checks.ts'
import type { CompressionMethods } from './compressionMethods.ts'
import type { Args } from './contract.ts'
import { WorkbenchError } from './errors.ts'

/** Far more layers than any network has. */
const MAX_LAYERS = 20_000
const share = number(0, 1)
const layerName = text(300)

const layerChoice: Check<LayerChoice> = (value, name) => {
  const asked = record(value, name)
  if ('rank' in asked) return { rank: integer(1, 2 ** 24)(asked['rank'], `${name}.rank`) }
  if ('keptEnergy' in asked) return { keptEnergy: share(asked['keptEnergy'], `${name}.keptEnergy`) }
  if (asked['keep'] === true) return { keep: true }
  throw new WorkbenchError('bad-input', `${name} gives neither rank nor keptEnergy nor keep`, 'give one of them')
}

const layerChoices: Check<CompressionChoice['layers']> = (value, name) => {
  const entries = Object.entries(record(value, name))
  if (entries.length > MAX_LAYERS) throw new WorkbenchError('bad-input', `${name} has ${entries.length} entries`, `give at most ${MAX_LAYERS}`) // biome-ignore format: one thought
  return Object.fromEntries(entries.map(([layer, choice]) => [layerName(layer, name), layerChoice(choice, `${name}.${layer.slice(0, 60)}`)])) // biome-ignore format: one thought
}

const choice: Check<CompressionChoice> = (value, name) => {
  const asked = record(value, name)
  return {
    method: oneOf(...COMPRESSION_METHODS)(asked['method'], `${name}.method`),
    keptEnergy: asked['keptEnergy'] === null ? null : share(asked['keptEnergy'], `${name}.keptEnergy`),
    layers: layerChoices(asked['layers'], `${name}.layers`),
  }
}

const compressionId = fields({ compressionId: id })

export const COMPRESSION_ARGUMENTS: { readonly [M in keyof CompressionMethods]: (value: unknown) => Args<M> } = {
  'compression.spectra': fields({ modelFileId: id }),
  'compression.start': fields({ modelFileId: id, choice }),
  'compression.list': nothing,
  'compression.report': compressionId,
  'compression.open': compressionId,
  'compression.remove': compressionId,
  'compression.export': fields({ compressionId: id, format: oneOf('json', 'tsv') }),
}
