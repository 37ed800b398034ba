import { readFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { writeFileAtomic } from '../../storage/atomic.ts'
import { makeFolders } from '../../storage/folders.ts'

/**
 * How fast work goes here that is no graph of a network: people whose files are read, bytes that are indexed, sentences that are drawn. What
 * jobs took is kept beside the calibration, by kind of work; another machine, thread count or version of the program begins anew.
 */
export interface JobRates {
  /** Seconds that so many units will take, by earlier jobs of the kind; undefined before the first. */
  seconds(kind: string, units: number): Promise<number | undefined>
  /** A job of the kind did so many units in so long. Recent jobs count more. */
  learn(kind: string, units: number, seconds: number): Promise<void>
}

interface Kept {
  readonly units: number
  readonly seconds: number
}

const FORMAT = { format: 'diploscope-job-rates', formatVersion: 1 } as const
/** Weight of all that was before, when a job is added. */
const EARLIER_SHARE = 0.5
const MAX_KINDS = 200

export function createJobRates(options: {
  readonly dataDir: string
  readonly threads: number
  readonly version: string
  /** A file that cannot be written is no fault of the job. */
  readonly fault: (error: unknown) => void
}): JobRates {
  const { dataDir, threads, version, fault } = options
  const folder = join(dataDir, 'planner')
  const path = join(folder, 'job-rates.json')
  const key = JSON.stringify([cpus()[0]?.model.trim() ?? 'unknown', threads, version])
  // Read anew each time: the command line and a window learn at the same time.
  const read = async (): Promise<Readonly<Record<string, Kept>>> => {
    try {
      const file = JSON.parse(await readFile(path, 'utf8')) as Partial<typeof FORMAT> & {
        key?: unknown
        kinds?: unknown
      }
      if (file.format !== FORMAT.format || file.formatVersion !== FORMAT.formatVersion || file.key !== key) return {}
      return Object.fromEntries(Object.entries(file.kinds ?? {}).filter((e): e is [string, Kept] => isKept(e[1])))
    } catch {
      return {} // none yet, or cut off
    }
  }
  let writing = Promise.resolve()
  return {
    async seconds(kind, units) {
      const kept = (await read())[kind]
      return kept && (units * kept.seconds) / kept.units
    },
    learn(kind, units, seconds) {
      if (!(units > 0 && seconds > 0)) return writing
      writing = writing
        .then(async () => {
          const { [kind]: before, ...others } = await read()
          const all = { units: units + EARLIER_SHARE * (before?.units ?? 0), seconds: seconds + EARLIER_SHARE * (before?.seconds ?? 0) } // biome-ignore format: one line
          const kinds = Object.fromEntries([...Object.entries(others), [kind, all]].slice(-MAX_KINDS))
          await makeFolders(folder)
          await writeFileAtomic(path, `${JSON.stringify({ ...FORMAT, key, kinds })}\n`)
        })
        .catch(fault)
      return writing
    },
  }
}

/** Knows nothing and keeps nothing. */
export const noRates: JobRates = { seconds: async () => undefined, learn: async () => {} }

function isKept(v: unknown): v is Kept {
  const { units, seconds } = (v ?? {}) as Partial<Kept>
  return Number.isFinite(units) && Number.isFinite(seconds) && units! > 0 && seconds! > 0
}
