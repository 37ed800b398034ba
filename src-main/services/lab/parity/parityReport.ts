import { asWorkbenchError, WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import { parseBoundedJson } from '../../../models/checkpoints/boundedJson.ts'
import { ConfigFields } from '../../../models/layers/configFields.ts'
import { readWholeText } from '../../../readers/wholeFile.ts'

/** What the experiment takes from the JSON of `evaluate --compare`: null where a correlation is undefined. */
export interface ParityReport {
  readonly windows: number
  readonly full: JudgedSide
  readonly sparse: JudgedSide
  /** Of the mean r per track, sparse minus full. */
  readonly difference: Interval
  /** Pooled r of each window and type, full (x) and sparse (y). */
  readonly points: readonly {
    readonly region: string
    readonly assay: string
    readonly x: number
    readonly y: number
  }[]
  readonly byAssay: readonly {
    readonly assay: string
    readonly r: number | null
    readonly sparseAtLeast: number
    readonly meanFull: number
    readonly meanSparse: number
  }[]
}

export interface Interval {
  readonly r: number | null
  readonly interval95: readonly [number, number] | null
}

export interface JudgedSide {
  readonly model: string
  readonly kind: string
  readonly parameters: number
  readonly mean: Interval
  readonly tracks: readonly (Interval & { readonly name: string; readonly assay: string })[]
  readonly assays: readonly (Interval & { readonly assay: string; readonly tracks: number })[]
}

const LIMITS = { depth: 16, values: 2_000_000 }
const MAX_CHARACTERS = 64 * 1024 ** 2

/** @throws WorkbenchError `not-found`, `bad-input` that names the field of the report */
export async function readParityReport(path: string): Promise<ParityReport> {
  const text = await readWholeText(path)
  const bad = (why: string) => new WorkbenchError('bad-input', `'${path}' ${why}`, 'give what `diploscope evaluate --compare DIR --json` wrote') // biome-ignore format: one thought
  if (text.length > MAX_CHARACTERS) throw bad('is too long for a report')
  let json: unknown
  try {
    json = parseBoundedJson(text, LIMITS)
  } catch (error) {
    throw bad(`cannot be read as JSON (${error instanceof Error ? error.message.slice(0, 100) : 'unreadable'})`)
  }
  try {
    return reportOf(json)
  } catch (error) {
    const e = asWorkbenchError(error)
    throw e.code === 'bad-model' ? bad(`is no report of two models: ${e.message}`) : e
  }
}

export function reportOf(json: unknown): ParityReport {
  const f = new ConfigFields(json, 'report')
  const compared = f.inner('compared')
  const comparison = compared.inner('comparison')
  return {
    windows: f.count('windows'),
    full: sideOf(f.inner('judged')),
    sparse: sideOf(compared),
    difference: intervalOf(comparison.inner('difference')),
    points: comparison.list('points', { mayBeEmpty: true }).map(p => ({
      region: p.text('region'),
      assay: p.text('assay'),
      x: p.number('x', R),
      y: p.number('y', R),
    })),
    byAssay: comparison.list('byAssay', { mayBeEmpty: true }).map(a => ({
      assay: a.text('assay'),
      r: a.has('r') ? a.number('r', R) : null,
      sparseAtLeast: a.number('shareOtherAtLeast', { least: 0, below: 1 + 1e-9 }),
      meanFull: a.number('meanX', R),
      meanSparse: a.number('meanY', R),
    })),
  }
}

/** A correlation, with room for rounding; differences of two lie within twice that. */
const R = { least: -2 - 1e-9, below: 2 + 1e-9 }

function intervalOf(f: ConfigFields): Interval {
  const r = f.has('r') ? f.number('r', R) : null
  if (!f.has('interval95')) return { r, interval95: null }
  const ends = f.raw('interval95')
  if (!Array.isArray(ends) || ends.length !== 2 || !ends.every(e => Number.isFinite(e))) throw f.fault('interval95', 'two numbers') // biome-ignore format: one thought
  return { r, interval95: [ends[0] as number, ends[1] as number] }
}

const sideOf = (f: ConfigFields): JudgedSide => ({
  model: f.text('model'),
  kind: f.text('kind'),
  parameters: f.count('parameters'),
  mean: intervalOf(f.inner('mean')),
  tracks: f.list('tracks').map(t => ({ name: t.text('name'), assay: t.text('assay'), ...intervalOf(t) })),
  assays: f.list('assays').map(a => ({ assay: a.text('assay'), tracks: a.count('tracks'), ...intervalOf(a) })),
})
