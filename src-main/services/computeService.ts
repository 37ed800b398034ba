import type { DeviceReport } from '../../src-shared/ipc/contract.ts'
import type { Compute } from '../compute/client.ts'
import type { ProcessLauncher } from '../compute/launcher.ts'

/** The compute process as the services use it: nothing is loaded and no process started before the first need. */
export interface ComputeService {
  /** @throws WorkbenchError `engine-missing` when the runtime's binding does not load */
  devices(): Promise<readonly DeviceReport[]>
  /** The client of the process, which it starts with the first call. */
  engine(): Promise<Compute>
  /** A process beside it, for whoever works long; they close it. */
  own(): Promise<Compute>
  close(): Promise<void>
}

const DEVICES = ['cpu', 'webgpu', 'cuda'] as const

export function createComputeService(options: {
  readonly threads: number
  readonly launcher?: ProcessLauncher
}): ComputeService {
  let opened: Promise<Compute> | undefined
  const compute = () => {
    opened ??= import('../compute/client.ts').then(({ createCompute }) => createCompute(options))
    return opened
  }
  return {
    engine: compute,
    own: () => import('../compute/client.ts').then(({ createCompute }) => createCompute(options)),
    async devices() {
      const engine = await compute()
      const reports: DeviceReport[] = []
      // One after the other: trials that share the processor would time each other.
      for (const device of DEVICES) {
        const { works, reason } = await engine.tryDevice(device)
        reports.push({ device, works, reason })
      }
      return reports
    },
    async close() {
      await (await opened)?.close()
    },
  }
}
