import { cpus } from 'node:os'

/** Processor seconds since the machine started, over all cores. */
export interface ProcessorTime {
  readonly busy: number
  readonly total: number
}

/** What the operating system counts, of all programs. */
export function processorTime(): ProcessorTime {
  let busy = 0
  let idle = 0
  for (const { times } of cpus()) {
    busy += times.user + times.nice + times.sys + times.irq
    idle += times.idle
  }
  return { busy: busy / 1000, total: (busy + idle) / 1000 }
}

/** Processor seconds that this program has used, its threads included, its compute processes apart. */
export const ownSeconds = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

const LEAST_SECONDS = 0.2

/**
 * Share of the machine's processor time that others used between two moments, 0 to 1. `own`: processor seconds of this program and of
 * what it started, between the same moments. Counters of the system tick 100 times a second, so that less than
 * twenty ticks say nothing: 0.
 */
export function foreignShare(before: ProcessorTime, after: ProcessorTime, own: number): number {
  const total = after.total - before.total
  if (!(total >= LEAST_SECONDS)) return 0
  return Math.min(1, Math.max(0, (after.busy - before.busy - own) / total))
}
