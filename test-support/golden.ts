import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { expect } from 'vitest'
import { memorySource } from '../src-main/models/checkpoints/byteSource.ts'
import { readNpy } from '../src-main/models/checkpoints/npy.ts'
import { openSafetensors } from '../src-main/models/checkpoints/safetensors.ts'
import type { Tensor } from '../src-shared/tensor.ts'

/** The folder of golden numbers: the environment's DIPLOSCOPE_GOLDEN, or `../shared/data/golden` beside the repository. */
export const goldenRoot = resolve(
  process.env['DIPLOSCOPE_GOLDEN'] ?? resolve(import.meta.dirname, '../../shared/data/golden'),
)

/** One case: its folder and what its case.json says. */
export interface GoldenCase {
  readonly name: string
  readonly folder: string
  // biome-ignore lint/suspicious/noExplicitAny: the description is free-form JSON; a field that is absent fails its comparison
  readonly json: any
}

/** Every folder below the root, at any depth, whose case.json names this case. Empty where the data is absent. */
export function goldenCases(name: string): readonly GoldenCase[] {
  return all().filter(c => c.name === name)
}

/** Names of all cases that are there. */
export const goldenNames = (): readonly string[] => [...new Set(all().map(c => c.name))]

let known: readonly GoldenCase[] | undefined
function all(): readonly GoldenCase[] {
  known ??= existsSync(goldenRoot) ? find(goldenRoot, 3) : []
  return known
}

function find(folder: string, depth: number): GoldenCase[] {
  const file = join(folder, 'case.json')
  if (existsSync(file)) {
    const json = JSON.parse(readFileSync(file, 'utf8'))
    return [{ name: typeof json.case === 'string' ? json.case : basename(folder), folder, json }]
  }
  if (depth === 0) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter(e => e.isDirectory())
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(e => find(join(folder, e.name), depth - 1))
}

export const goldenBytes = (at: GoldenCase, path: string): Uint8Array => readFileSync(join(at.folder, path))
export const goldenHas = (at: GoldenCase, path: string): boolean => existsSync(join(at.folder, path))
export const goldenArray = (at: GoldenCase, path: string): Tensor => readNpy(goldenBytes(at, path), path)
export const goldenText = (at: GoldenCase, path: string): string => readFileSync(join(at.folder, path), 'utf8')
// biome-ignore lint/suspicious/noExplicitAny: free-form JSON
export const goldenJson = (at: GoldenCase, path: string): any => JSON.parse(goldenText(at, path))

/** All tensors of a safetensors file, by name. */
export async function goldenWeights(at: GoldenCase, path: string): Promise<Map<string, Tensor>> {
  const file = await openSafetensors(memorySource(goldenBytes(at, path), path))
  const tensors = new Map<string, Tensor>()
  for (const name of file.entries.keys()) tensors.set(name, await file.read(name))
  return tensors
}

/** What the cases store of a large tensor. */
export interface Summary {
  readonly shape: readonly number[]
  readonly norm: number
  readonly first: readonly number[]
}

type Numbers = ArrayLike<number>

/** Compares and counts: a case whose files are missing must not end with nothing compared. */
export class Judge {
  #comparisons = 0
  /** Largest share of a tolerance that was used, with its label: how near the case came to failing. */
  #worst = { share: 0, label: '' }

  get comparisons(): number {
    return this.#comparisons
  }

  get worst(): string {
    return `${this.#comparisons} numbers compared, worst ${(100 * this.#worst.share).toFixed(1)} % of its tolerance (${this.#worst.label})`
  }

  number(label: string, actual: number | undefined, expected: number, tolerance: number): void {
    this.#within(label, Math.abs((actual ?? Number.NaN) - expected), tolerance)
    this.#comparisons++
  }

  /** Largest absolute difference. */
  array(label: string, actual: Numbers, expected: Numbers, tolerance: number): void {
    expect(actual.length, `${label}: number of values`).toBe(expected.length)
    expect(expected.length, `${label}: number of values`).toBeGreaterThan(0)
    let worst = 0
    for (let i = 0; i < expected.length; i++) {
      const gap = Math.abs(actual[i]! - expected[i]!)
      if (!(gap <= worst)) worst = gap
    }
    this.#within(label, worst, tolerance)
    this.#comparisons += expected.length
  }

  /** Norm and first values of a tensor, relative to its norm; absolute where the case says that it is zero. */
  summary(label: string, actual: Numbers, expected: Summary, relative: number, absoluteForZero?: number): void {
    expect(actual.length, `${label}: number of values`).toBe(expected.shape.reduce((n, d) => n * d, 1))
    const bound = absoluteForZero ?? relative * expected.norm
    this.#within(`${label} norm`, Math.abs(norm(actual) - expected.norm), bound)
    const first = expected.first.map((value, i) => actual[i]! - value)
    this.#within(`${label} first values`, norm(first), bound)
    this.#comparisons += 1 + first.length
  }

  #within(label: string, difference: number, tolerance: number): void {
    expect(Number.isFinite(tolerance), `${label}: the case states no tolerance`).toBe(true)
    expect(difference, label).toBeLessThanOrEqual(tolerance)
    const share = tolerance > 0 ? difference / tolerance : 0
    if (share > this.#worst.share) this.#worst = { share, label }
  }
}

function norm(values: Numbers): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!
  return Math.sqrt(sum)
}
