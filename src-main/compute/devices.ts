import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { float32 } from '../../src-shared/tensor.ts'
import type { Session } from './engine.ts'
import { probeModel } from './probeModel.ts'
import { PROVIDER_NAMES } from './profile.ts'
import type { Provider } from './protocol.ts'

/** What a trial run on a device showed. */
export interface DeviceTrial {
  readonly device: Provider
  readonly works: boolean
  /** Why not, or how fast. */
  readonly reason: string
  /** Milliseconds of the fastest warm trial run, and of the CPU's in the same trial; absent when it does not work. */
  readonly ms?: number
  readonly cpuMs?: number
  readonly ran: Readonly<Record<string, number>>
}

/** Edge of the trial's square matrices: large enough that a real GPU wins, small enough to be over at once. */
const SIZE = 512
/** Warm runs of which the fastest counts. */
const RUNS = 3
/** Largest difference from the CPU, relative to the largest value (compute on the GPU sums in another order). */
const TOLERANCE = 1e-4

/** Opens the trial model on one provider, without trying it first. */
export type TrialLoader = (model: Uint8Array, provider: Provider) => Promise<Session>

/**
 * Runs a small network on `provider` and on the CPU: it works when the values agree and the profile counts nodes on that provider.
 * What the session was asked for proves nothing: a provider that fails can fall back in silence.
 */
export async function tryDevice(load: TrialLoader, provider: Provider): Promise<DeviceTrial> {
  const model = probeModel(SIZE)
  const a = wave(0.37)
  const b = wave(0.11)
  /** `enoughMs`: a run slower than this settles it, no more are timed. */
  const once = async (device: Provider, enoughMs = Number.POSITIVE_INFINITY) => {
    const session = await load(model, device)
    try {
      const feeds = { a: float32(a, [SIZE, SIZE]), b: float32(b, [SIZE, SIZE]) }
      const first = await session.run(feeds)
      let ms = Number.POSITIVE_INFINITY
      for (let i = 0; i < RUNS; i++) {
        const started = performance.now()
        await session.run(feeds)
        ms = Math.min(ms, performance.now() - started)
        if (ms > enoughMs) break
      }
      return { values: first['y']?.data as Float32Array, ms, ran: session.provider.ran }
    } finally {
      await session.close().catch(() => undefined)
    }
  }
  try {
    const cpu = await once('cpu')
    if (provider === 'cpu')
      return { device: provider, works: true, reason: timing(cpu.ms), ms: cpu.ms, cpuMs: cpu.ms, ran: cpu.ran }
    const other = await once(provider, 4 * cpu.ms)
    const nodes = other.ran[PROVIDER_NAMES[provider]] ?? 0
    if (nodes === 0) return { device: provider, works: false, reason: 'no operation ran on it', ran: other.ran }
    const difference = largestDifference(cpu.values, other.values)
    if (!(difference <= TOLERANCE))
      return {
        device: provider,
        works: false,
        reason: `its results differ from the CPU's by ${difference.toExponential(1)}`,
        ran: other.ran,
      }
    // On a busy machine the CPU's runs may be the ones that were held up: a device that seems faster must be so twice.
    const cpuMs = other.ms < cpu.ms ? Math.min(cpu.ms, (await once('cpu')).ms) : cpu.ms
    return {
      device: provider,
      works: true,
      reason: `${timing(other.ms)}, CPU ${timing(cpuMs)}`,
      ms: other.ms,
      cpuMs,
      ran: other.ran,
    }
  } catch (error) {
    if (error instanceof WorkbenchError && (error.code === 'engine-missing' || error.code === 'cancelled')) throw error
    return { device: provider, works: false, reason: runtimeWords(error), ran: {} }
  }
}

/** What the runtime itself said: the trial's own file is of no interest to anyone. */
function runtimeWords(error: unknown): string {
  const e =
    error instanceof WorkbenchError && error.detail?.['runtime'] !== undefined
      ? String(error.detail['runtime'])
      : (error as Error).message
  return e.split('\n', 1)[0]!.slice(0, 300)
}

const timing = (ms: number) => `${ms.toFixed(1)} ms a trial`

function wave(step: number): Float32Array {
  const out = new Float32Array(SIZE * SIZE)
  for (let i = 0; i < out.length; i++) out[i] = Math.sin(i * step)
  return out
}

/** Largest absolute difference over the largest absolute value; NaN when anything is not finite. */
function largestDifference(expected: Float32Array, got: Float32Array): number {
  let difference = 0
  let scale = 0
  for (let i = 0; i < expected.length; i++) {
    const d = Math.abs((expected[i] as number) - (got[i] ?? Number.NaN))
    if (Number.isNaN(d)) return Number.NaN
    difference = Math.max(difference, d)
    scale = Math.max(scale, Math.abs(expected[i] as number))
  }
  return difference / (scale || 1)
}
