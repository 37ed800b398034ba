import type { Interval } from '../genome/interval.ts'
import { PILEUP_DEFAULTS, type PileupOptions } from '../genome/pileup.ts'
import { WorkbenchError } from './errors.ts'

/** Hand-written run-time checks of what crosses the boundary. Each returns the checked value or throws `bad-input` with its name. */
export type Check<T> = (value: unknown, name: string) => T

const wrong = (name: string, expected: string, value: unknown) =>
  new WorkbenchError('bad-input', `argument '${name}' is ${describe(value)}, not ${expected}`, 'reload the window')

function describe(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'number' || typeof value === 'boolean')
    return String(value)
  if (typeof value === 'string') return `'${value.slice(0, 40)}'`
  return Array.isArray(value) ? 'a list' : 'an object'
}

export const record: Check<Record<string, unknown>> = (value, name) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(name, 'an object', value)
  return value as Record<string, unknown>
}

export const text =
  (maxLength = 4096): Check<string> =>
  (value, name) => {
    if (typeof value !== 'string' || value.length > maxLength)
      throw wrong(name, `text of at most ${maxLength} characters`, value)
    return value
  }

/** Ids are ours: letters, digits, dash, underscore. Nothing that could be a path. */
export const id: Check<string> = (value, name) => {
  if (typeof value !== 'string' || !/^[A-Za-z0-9_-]{1,128}$/.test(value)) throw wrong(name, 'an id', value)
  return value
}

export const integer =
  (min: number, max: number): Check<number> =>
  (value, name) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
      throw wrong(name, `a whole number from ${min} to ${max}`, value)
    return value
  }

export const number =
  (min: number, max: number): Check<number> =>
  (value, name) => {
    if (typeof value !== 'number' || !(value >= min && value <= max))
      throw wrong(name, `a number from ${min} to ${max}`, value)
    return value
  }

export const flag: Check<boolean> = (value, name) => {
  if (typeof value !== 'boolean') throw wrong(name, 'true or false', value)
  return value
}

export const oneOf =
  <T extends string>(...allowed: readonly T[]): Check<T> =>
  (value, name) => {
    const found = allowed.find(a => a === value)
    if (found === undefined) throw wrong(name, `one of ${allowed.join(', ')}`, value)
    return found
  }

export const list =
  <T>(item: Check<T>, maxLength = 10_000): Check<readonly T[]> =>
  (value, name) => {
    if (!Array.isArray(value) || value.length > maxLength) throw wrong(name, `a list of at most ${maxLength}`, value)
    return value.map((v, i) => item(v, `${name}[${i}]`))
  }

/** Past every coordinate of BAM, CSI and FASTA. */
const MAX_POSITION = 2 ** 31 - 1
export const position = integer(0, MAX_POSITION)

export const interval: Check<Interval> = (value, name) => {
  const r = record(value, name)
  const start = position(r['start'], `${name}.start`)
  const end = position(r['end'], `${name}.end`)
  if (end <= start) throw wrong(name, 'an interval with its start before its end', `${start}-${end}`)
  return { contig: text(1000)(r['contig'], `${name}.contig`), start, end }
}

export const pileupOptions: Check<PileupOptions> = (value, name) => {
  const r = { ...PILEUP_DEFAULTS, ...record(value, name) } as Record<keyof PileupOptions, unknown>
  return {
    stepper: oneOf('samtools', 'all', 'nofilter')(r.stepper, `${name}.stepper`),
    minBaseQuality: integer(0, 255)(r.minBaseQuality, `${name}.minBaseQuality`),
    minMappingQuality: integer(0, 255)(r.minMappingQuality, `${name}.minMappingQuality`),
    flagFilter: integer(0, 65535)(r.flagFilter, `${name}.flagFilter`),
    flagRequire: integer(0, 65535)(r.flagRequire, `${name}.flagRequire`),
    keepOrphans: flag(r.keepOrphans, `${name}.keepOrphans`),
    countOverlaps: flag(r.countOverlaps, `${name}.countOverlaps`),
    maxDepth: integer(0, MAX_POSITION)(r.maxDepth, `${name}.maxDepth`),
  }
}

/** Parses an object field by field; an optional field is wrapped in `optional`. */
export function fields<T>(shape: { readonly [K in keyof T]-?: Check<T[K]> }): (value: unknown) => T {
  return value => {
    const r = record(value, 'args')
    const out: Record<string, unknown> = {}
    for (const key of Object.keys(shape) as (keyof T & string)[]) {
      const parsed = shape[key](r[key], key)
      if (parsed !== undefined) out[key] = parsed
    }
    return out as T
  }
}

export const optional =
  <T>(check: Check<T>): Check<T | undefined> =>
  (value, name) =>
    value === undefined ? undefined : check(value, name)

/** Of a method without arguments. */
export const nothing = (value: unknown): Record<string, never> => {
  record(value ?? {}, 'args')
  return {}
}
