import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CalibrationFacts } from '../../../src-shared/lab/plan.ts'
import { PASSES } from '../../analyses/planner/passes.ts'
import { PRODUCTS } from '../../analyses/planner/products.ts'
import type { Rates } from '../../analyses/planner/rates.ts'
import { writeFileAtomic } from '../../storage/atomic.ts'
import { makeFolders } from '../../storage/folders.ts'

/** What rates belong to: others are not used, they are measured again. */
export interface CalibrationKey {
  readonly device: string
  readonly threads: number
  readonly processor: string
  readonly program: string
  readonly runtime: string
}

export interface StoredCalibration {
  readonly key: CalibrationKey
  readonly facts: CalibrationFacts
  readonly rates: Rates
}

const FORMAT = { format: 'diploscope-calibration', formatVersion: 1 } as const

const pathOf = (dataDir: string, { device, threads }: CalibrationKey): string =>
  join(dataDir, 'planner', `${device}-${threads}.json`)

/** Rates that were measured for exactly this key; undefined for none, for others, and for a file that is not one of them. */
export async function readCalibration(dataDir: string, key: CalibrationKey): Promise<StoredCalibration | undefined> {
  try {
    const json: unknown = JSON.parse(await readFile(pathOf(dataDir, key), 'utf8'))
    const stored = json as Partial<StoredCalibration & typeof FORMAT>
    const fits =
      stored.format === FORMAT.format &&
      stored.formatVersion === FORMAT.formatVersion &&
      (Object.keys(key) as (keyof CalibrationKey)[]).every(k => stored.key?.[k] === key[k])
    if (!fits || !isRates(stored.rates) || !isFacts(stored.facts)) return undefined
    return { key, facts: stored.facts, rates: stored.rates }
  } catch {
    return undefined // none yet, or cut off: measured again
  }
}

/** Whole or not at all. */
export async function writeCalibration(dataDir: string, stored: StoredCalibration): Promise<void> {
  await makeFolders(join(dataDir, 'planner'))
  await writeFileAtomic(pathOf(dataDir, stored.key), `${JSON.stringify({ ...FORMAT, ...stored })}\n`)
}

const isNumber = (v: unknown): v is number => typeof v === 'number' && Number.isFinite(v) && v >= 0
const isRecord = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null
const NUMBERS = ['start', 'openPerKernel', 'openPerByte', 'run', 'perFed', 'perKeptByte', 'perSentByte', 'perFreshByte', 'processBytes'] as const // biome-ignore format: a list

function isRates(v: unknown): v is Rates {
  if (!isRecord(v) || !NUMBERS.every(n => isNumber(v[n]))) return false
  const { products, passes } = v
  return (
    isRecord(products) &&
    isRecord(passes) &&
    PRODUCTS.every(kind => numbers(products[kind])) &&
    PASSES.every(pass => Array.isArray(passes[pass]) && (passes[pass] as unknown[]).every(numbers))
  )
}

const numbers = (v: unknown): boolean => Array.isArray(v) && v.length > 0 && v.every(isNumber)

const isFacts = (v: unknown): v is CalibrationFacts =>
  isRecord(v) &&
  typeof v['device'] === 'string' &&
  isNumber(v['threads']) &&
  isNumber(v['measuredAt']) &&
  isNumber(v['tookSeconds']) &&
  Array.isArray(v['rates'])
