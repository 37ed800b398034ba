import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Compute, createCompute } from '../../src-main/compute/client.ts'
import { readNpy, writeNpy } from '../../src-main/models/checkpoints/npy.ts'
import { float32, type Tensor } from '../../src-shared/tensor.ts'
import { SeededRandom } from '../../test-support/random.ts'
import { Peer } from '../peers/peer.ts'

/** What every case is given. */
export interface Bench {
  readonly folder: string
  readonly repeats: number
  readonly threads: number
  /** The built compute process. */
  readonly entry: string
  readonly peerScript: string
  readonly peers: { readonly numpy: boolean; readonly torch: boolean }
  say(text: string): void
}

/** One measured thing. Times are medians in milliseconds. */
export interface Row {
  readonly name: string
  readonly ms?: number
  readonly gflops?: number
  readonly peer?: string
  readonly peerMs?: number
  /** peer time / our time; above 1: ours is faster. */
  readonly ratio?: number
  readonly target?: string
  readonly met?: boolean
  readonly runs: number
  /** Largest difference of the results, relative to the largest value. */
  readonly difference?: number
  readonly note?: string
  readonly [more: string]: unknown
}

export const openCompute = (bench: Bench): Compute =>
  createCompute({ entry: bench.entry, threads: bench.threads, cacheFolder: join(bench.folder, 'models') })

/** Normal numbers with a deviation, the same for the same name. */
export function draw(name: string, shape: readonly number[], deviation: number, mean = 0): Tensor {
  const random = new SeededRandom(name)
  const data = new Float32Array(shape.reduce((n, d) => n * d, 1))
  for (let i = 0; i < data.length; i++) data[i] = random.normal(mean, deviation)
  return float32(data, shape)
}

const warned = new Set<string>()

/** Writes the arrays that the peer reads, and starts it. */
export async function startPeer(
  bench: Bench,
  kind: string,
  arrays: Readonly<Record<string, Tensor>>,
  options: Readonly<Record<string, unknown>> = {},
): Promise<{ peer: Peer; result(): Promise<Float32Array>; version: string }> {
  const folder = join(bench.folder, `${kind}-${Math.random().toString(36).slice(2)}`)
  mkdirSync(folder, { recursive: true })
  for (const [name, tensor] of Object.entries(arrays)) writeFileSync(join(folder, `${name}.npy`), writeNpy(tensor))
  const peer = new Peer(bench.peerScript, bench.threads)
  const ready = await peer.ask({ do: 'setup', kind, folder, ...options })
  const blas = String(ready['blas'])
  if (!/openblas|mkl|blis|atlas/i.test(blas) && !warned.has(blas)) {
    warned.add(blas)
    bench.say(`UNFAIR: the peer computes with ${blas}, not an optimised BLAS (Debian: libopenblas0-pthread)`)
  }
  return {
    peer,
    version: ready['torch'] ? `PyTorch ${ready['torch']}` : `numpy ${ready['numpy']}`,
    async result() {
      await peer.ask({ do: 'save' })
      return readNpy(readFileSync(join(folder, 'peer.npy'))).data as Float32Array
    },
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Medians of contestants that take turns, after two warm-up rounds unless told. Each gives its own milliseconds. */
export async function takeTurns<K extends string>(
  repeats: number,
  contestants: Readonly<Partial<Record<K, (() => Promise<number>) | undefined>>>,
  warmUp = 2,
): Promise<Record<K, number | undefined>> {
  const present = Object.entries<(() => Promise<number>) | undefined>(contestants).flatMap(([name, run]) =>
    run ? [{ name, run, times: [] as number[] }] : [],
  )
  for (let round = -warmUp; round < repeats; round++)
    for (const { run, times } of present) {
      const ms = await run()
      if (round >= 0) times.push(ms)
    }
  return Object.fromEntries(present.map(({ name, times }) => [name, median(times)])) as Record<K, number | undefined>
}

/** Milliseconds of a promise. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** Largest |a - b| relative to the largest |b|; throws when it is above the bound, since a wrong result has no speed. */
export function agree(name: string, a: ArrayLike<number>, b: ArrayLike<number>, bound: number): number {
  if (a.length !== b.length) throw new Error(`${name}: ${a.length} and ${b.length} values`)
  let gap = 0
  let size = 0
  for (let i = 0; i < b.length; i++) {
    const d = Math.abs(a[i]! - b[i]!)
    if (!(d <= gap)) gap = d
    size = Math.max(size, Math.abs(b[i]!))
  }
  const relative = gap / size
  if (!(relative <= bound))
    throw new Error(`${name}: results differ by ${relative.toExponential(1)} of the largest value`)
  return relative
}

export const rounded = (value: number, digits = 3): number => Number(value.toPrecision(digits))

/** A line for people. */
export function line(row: Row): string {
  const parts = [`${row.name}:`]
  if (row.ms !== undefined) parts.push(`${rounded(row.ms, 4)} ms`)
  if (row.gflops !== undefined) parts.push(`(${rounded(row.gflops)} GFLOP/s)`)
  if (row.peerMs !== undefined) parts.push(`- ${row.peer} ${rounded(row.peerMs, 4)} ms`)
  if (row.ratio !== undefined) parts.push(`-> ${rounded(row.ratio)} times`)
  if (row.target !== undefined) parts.push(`[target ${row.target}: ${row.met ? 'met' : 'MISSED'}]`)
  if (row.difference !== undefined) parts.push(`difference ${row.difference.toExponential(1)}`)
  if (row.note !== undefined) parts.push(`- ${row.note}`)
  return `${parts.join(' ')} (median of ${row.runs})`
}
