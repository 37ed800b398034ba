import type { ScanRequest } from '../genome/scan.ts'
import { type Check, fields, flag, id, integer, interval, list, nothing, number, oneOf, optional, position, record, text } from './checks.ts' // biome-ignore format: one line
import type { Args } from './contract.ts'
import { background } from './modelArguments.ts'
import type { ScanMethods } from './scanMethods.ts'

const channels = list(integer(0, 1_000_000), 10_000)
const score = oneOf('sad', 'sar', 'logfold', 'absmax')

const output: Check<ScanRequest['output']> = (value, name) => {
  const r = record(value, name)
  if (oneOf('all', 'interval')(r['kind'], `${name}.kind`) === 'all') return { kind: 'all' }
  return { kind: 'interval', interval: interval(r['interval'], `${name}.interval`) }
}

const scanRequest: Check<ScanRequest> = (value, name) => {
  const r = record(value, name)
  const at = (field: string) => `${name}.${field}`
  return {
    modelFileId: id(r['modelFileId'], at('modelFileId')),
    referenceFileId: id(r['referenceFileId'], at('referenceFileId')),
    interval: interval(r['interval'], at('interval')),
    channels: channels(r['channels'], at('channels')),
    groupMean: flag(r['groupMean'], at('groupMean')),
    output: output(r['output'], at('output')),
    score: score(r['score'], at('score')),
    method: oneOf('exact', 'naive', 'gradient')(r['method'], at('method')),
    background: background(r['background'], at('background')),
  }
}

const sort: Check<{ readonly column: number; readonly descending: boolean } | null> = (value, name) => {
  if (value === null) return null
  const r = record(value, name)
  return { column: integer(-1, 10_000)(r['column'], `${name}.column`), descending: flag(r['descending'], `${name}.descending`) } // biome-ignore format: one row
}

const scanId = fields({ scanId: id })

/** The checks of the calls about mutations; part of ARGUMENTS. */
export const SCAN_ARGUMENTS: { readonly [M in keyof ScanMethods]: (value: unknown) => Args<M> } = {
  'scan.start': fields({ request: scanRequest }),
  'scan.get': scanId,
  'scan.focus': fields({ scanId: id, position }),
  'scan.profile': fields({ scanId: id, position, base: oneOf('A', 'C', 'G', 'T'), column: integer(0, 10_000) }),
  'scan.verify': fields({ scanId: id, cells: integer(1, 6000) }),
  'scan.list': nothing,
  'scan.resume': scanId,
  'scan.close': scanId,
  'scan.export': fields({ scanId: id, format: oneOf('tsv') }),
  'attribution.bins': fields({ modelFileId: id, referenceFileId: id, interval, channels, background }),
  'field.start': fields<Args<'field.start'>>({
    modelFileId: id,
    compareFileId: optional(id) as Check<string>,
    protocol: oneOf('seed', 'default'),
    sequences: integer(1, 10_000),
    seed: integer(0, 2 ** 32 - 1),
    source: oneOf('random', 'reference'),
    referenceFileId: optional(id) as Check<string>,
  }),
  'field.get': fields({ fieldId: id }),
  'field.export': fields({ fieldId: id }),
  'variants.sites': fields({ fileId: id, interval }),
  'variants.start': fields<Args<'variants.start'>>({
    modelFileId: id,
    referenceFileId: id,
    vcfFileId: id,
    channels,
    score,
    bothStrands: flag,
    interval: optional(interval) as Check<Args<'attribution.bins'>['interval']>,
  }),
  'variants.rows': fields({
    tableId: id,
    sort,
    filter: text(500),
    minEffect: number(0, Number.MAX_VALUE),
    offset: integer(0, 10_000_000),
    limit: integer(1, 5000),
  }),
  'variants.export': fields({ tableId: id, format: oneOf('tsv', 'vcf') }),
}
