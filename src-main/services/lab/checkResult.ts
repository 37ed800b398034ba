import { asWorkbenchError, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import {
  EXPERIMENTS,
  type Factors,
  type LabMachine,
  type LabPoint,
  type LabResult,
  type Quartiles,
} from '../../../src-shared/lab/result.ts'
import { parseBoundedJson } from '../../models/checkpoints/boundedJson.ts'
import { ConfigFields } from '../../models/layers/configFields.ts'
import { isPlain, plainText } from './plainText.ts'

const LIMITS = { depth: 12, values: 500_000 }
const MAX_POINTS = 20_000
const MAX_NAMES = 200
export const MAX_NOTES = 200
const MAX_TEXT = 4 * 1024 * 1024
const MAX_LINE = 4000

/**
 * Reads the JSON of a result, of this program or of another machine. Everything that is shown is checked: kinds, bounds, order of
 * quartiles, lengths; fields that a newer program may have added are refused like every unknown one.
 * @throws WorkbenchError `bad-input` that names the field at fault, `unsupported` for another version
 */
export function readResult(text: string, name: string): LabResult {
  let json: unknown
  try {
    json = parseBoundedJson(text, LIMITS)
  } catch (error) {
    throw new WorkbenchError('bad-input', `'${name}' cannot be read as JSON (${error instanceof Error ? plainText(error.message.slice(0, 100)) : 'unreadable'})`, 'give a result that the lab has saved') // biome-ignore format: one thought
  }
  try {
    return resultOf(json)
  } catch (error) {
    const e = asWorkbenchError(error)
    if (e.code !== 'bad-model') throw e
    throw new WorkbenchError(
      'bad-input',
      `'${name}': ${plainText(e.message)}`,
      'give a result as the lab has saved it',
      e.detail,
    )
  }
}

function resultOf(json: unknown): LabResult {
  const f = new ConfigFields(json, 'result')
  if (f.raw('format') !== 'diploscope-lab') throw f.fault('format', '"diploscope-lab"')
  if (f.raw('formatVersion') !== 1) throw new WorkbenchError('unsupported', `result.formatVersion is ${JSON.stringify(f.raw('formatVersion') ?? null).slice(0, 20)}; this program reads 1`, 'use a newer version of the program') // biome-ignore format: one thought
  const id = f.text('id')
  if (!/^[A-Za-z0-9-]{1,100}$/.test(id)) throw f.fault('id', 'letters, digits and hyphens, 100 at most')
  const recipe = f.inner('recipe')
  const sha256 = recipe.text('sha256')
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw recipe.fault('sha256', '64 hexadecimal digits')
  const points = f.list('points', { mayBeEmpty: true })
  if (points.length > MAX_POINTS) throw f.fault('points', `at most ${MAX_POINTS} points`)
  const notes = f.texts('notes', [])
  if (notes.length > MAX_NOTES || !notes.every(n => isLine(n))) throw f.fault('notes', `at most ${MAX_NOTES} sentences, each a line of at most ${MAX_LINE} characters`) // biome-ignore format: one thought
  const result: LabResult = {
    format: 'diploscope-lab',
    formatVersion: 1,
    id,
    experiment: f.choice('experiment', EXPERIMENTS),
    recipe: { id: line(recipe, 'id'), name: line(recipe, 'name'), sha256, text: lines(recipe, 'text', MAX_TEXT) },
    machine: machineOf(f.inner('machine')),
    startedAt: moment(f, 'startedAt'),
    finishedAt: f.has('finishedAt') ? moment(f, 'finishedAt') : null,
    state: f.choice('state', ['running', 'partial', 'done']),
    total: f.count('total', { least: 0 }),
    points: points.map(pointOf),
    notes,
  }
  recipe.end()
  f.end()
  if (result.total > MAX_POINTS || result.total < points.length) throw f.fault('total', `a whole number from the ${points.length} points that are there to ${MAX_POINTS}`) // biome-ignore format: one thought
  const ids = new Set<string>()
  result.points.forEach(({ id: own }, i) => {
    if (ids.has(own)) throw points[i]!.fault('id', 'an id that no point before has')
    ids.add(own)
  })
  return result
}

/** One line, which a terminal shows as it is: what an imported result says is printed. */
const isLine = (value: string, most = MAX_LINE): boolean => value.length <= most && isPlain(value)

function line(f: ConfigFields, field: string, most = MAX_LINE): string {
  const value = f.text(field)
  if (!isLine(value, most)) throw f.fault(field, `a line of at most ${most} characters, none of them a control character`) // biome-ignore format: one thought
  return value
}

function lines(f: ConfigFields, field: string, most: number): string {
  const value = f.text(field)
  if (value.length > most) throw f.fault(field, `text of at most ${most} characters`)
  return value
}

function moment(f: ConfigFields, field: string): string {
  const value = f.text(field)
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(value) || Number.isNaN(Date.parse(value))) throw f.fault(field, 'a time as 2026-01-31T12:00:00Z') // biome-ignore format: one thought
  return value
}

/** A few values by name. Names become columns and keys: those that an object has by itself are none. */
function named(f: ConfigFields, field: string): Readonly<Record<string, unknown>> {
  const value = f.raw(field)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw f.fault(field, 'an object')
  const names = Object.keys(value)
  if (names.length > MAX_NAMES || !names.every(n => /^[A-Za-z][\w .:-]{0,79}$/.test(n) && !(n in Object.prototype)))
    throw f.fault(field, `at most ${MAX_NAMES} names of letters, digits and hyphens`)
  return value as Record<string, unknown>
}

function machineOf(f: ConfigFields): LabMachine {
  const versions = named(f, 'versions')
  if (!Object.values(versions).every(v => typeof v === 'string' && isLine(v, 200))) throw f.fault('versions', 'versions as text') // biome-ignore format: one thought
  const machine: LabMachine = {
    processor: line(f, 'processor', 200),
    cores: f.count('cores'),
    threads: f.count('threads'),
    memoryBytes: f.count('memoryBytes'),
    system: line(f, 'system', 200),
    device: line(f, 'device', 200),
    versions: versions as Record<string, string>,
  }
  f.end()
  return machine
}

function pointOf(f: ConfigFields): LabPoint {
  const factors = named(f, 'factors')
  for (const value of Object.values(factors))
    if (!(typeof value === 'string' ? isLine(value, 200) : Number.isFinite(value))) throw f.fault('factors', 'text or finite numbers by name') // biome-ignore format: one thought
  const id = f.text('id')
  if (!/^[a-z0-9-]{1,100}$/.test(id)) throw f.fault('id', 'small letters, digits and hyphens, 100 at most')
  const state = f.choice('state', ['done', 'does-not-fit', 'too-slow', 'failed'])
  const reason = f.has('reason') ? line(f, 'reason') : null
  if ((reason === null) !== (state === 'done')) throw f.fault('reason', 'a sentence where the point is not done, and null where it is') // biome-ignore format: one thought
  named(f, 'measures')
  const measures = Object.keys(named(f, 'measures')).length ? [...f.named('measures')].map(([name, q]) => [name, quartilesFrom(q)] as const) : [] // biome-ignore format: one thought
  const point: LabPoint = {
    id,
    factors: factors as Factors,
    state,
    reason,
    measures: Object.fromEntries(measures),
    predicted: f.has('predicted') ? predictedOf(f.inner('predicted')) : null,
    foreignLoad: f.number('foreignLoad', { least: 0, below: 1 + Number.EPSILON }),
  }
  f.end()
  return point
}

const WIDE = { least: -1e300, below: 1e300 }

function quartilesFrom(f: ConfigFields): Quartiles {
  const q = { n: f.count('n'), median: f.number('median', WIDE), lower: f.number('lower', WIDE), upper: f.number('upper', WIDE) } // biome-ignore format: one thought
  f.end()
  if (q.lower > q.median) throw f.fault('lower', 'a number up to the median')
  if (q.upper < q.median) throw f.fault('upper', 'a number from the median')
  return q
}

function predictedOf(f: ConfigFields): NonNullable<LabPoint['predicted']> {
  const predicted = { seconds: f.number('seconds', { ...WIDE, least: 0 }), peakBytes: f.number('peakBytes', { ...WIDE, least: 0 }) } // biome-ignore format: one thought
  f.end()
  return predicted
}
