import type { JobOutlook } from '../../src-shared/lab/plan.ts'
import type { FileEntry } from './files.ts'
import { outlookOf } from './planner/jobPlanning.ts'
import type { JobRates } from './planner/jobRates.ts'

/** Indexing reads the file once: as long as it has bytes. */
export const indexWork = ({ facts }: Pick<FileEntry, 'facts'>) => ({
  kind: `index of ${facts.kind}, ${facts.compression}`,
  units: Math.max(1, facts.sizeBytes),
})

export const indexOutlook = (entry: Pick<FileEntry, 'facts'>, rates: JobRates): Promise<JobOutlook> =>
  outlookOf(async () => {
    const { kind, units } = indexWork(entry)
    const seconds = await rates.seconds(kind, units)
    if (seconds !== undefined) return { cost: { seconds, peakBytes: null, basis: 'earlier' } }
    return { note: 'How fast such a file is read is not measured on this machine yet: the time is told once it has begun.' } // biome-ignore format: one line
  })
