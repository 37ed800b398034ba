import { throwIfCancelled } from '../../../src-shared/ipc/errors.ts'

/** How often a visit runs its point: without timing, then timed until one of the two is reached, at least once. */
export interface Repetitions {
  readonly warmUp: number
  readonly repeats: number
  /** No further run is begun when the timed ones took as long as this. */
  readonly seconds: number
}

/** Seconds of each timed run. */
export async function timedRuns(
  { warmUp, repeats, seconds }: Repetitions,
  run: () => Promise<unknown>,
  signal: AbortSignal,
): Promise<number[]> {
  for (let i = 0; i < warmUp; i++) {
    throwIfCancelled(signal)
    await run()
  }
  const times: number[] = []
  let total = 0
  while (times.length < repeats && (times.length === 0 || total < seconds)) {
    throwIfCancelled(signal)
    const start = performance.now()
    await run()
    const took = (performance.now() - start) / 1000
    times.push(took)
    total += took
  }
  return times
}
