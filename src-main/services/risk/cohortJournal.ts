import { appendFile, readFile, stat } from 'node:fs/promises'
import type { RiskCohortRow, RiskSheetProblem, RiskSheetRow } from '../../../src-shared/genome/risk.ts'
import { writeFileAtomic } from '../../storage/atomic.ts'
import { breathe } from '../../workers/pileupRun.ts'

/** What is known of a sample; the state of its file tells whether it is still the one that was scored. */
export interface JournalEntry {
  readonly path: string
  /** Size, time of change and inode of the file when it was scored. */
  readonly state: string
  readonly row?: RiskCohortRow
  readonly failure?: RiskSheetProblem
}

/** Entries by sample, and the file to which more are added as they come. */
export interface Journal {
  readonly known: ReadonlyMap<string, JournalEntry>
  add(sample: string, entry: JournalEntry): Promise<void>
}

/**
 * Opens the journal of a cohort to go on with it. One of another fingerprint (another model, another build) is begun anew; a last line that a
 * kill cut off is left out, and its sample is scored again.
 */
export async function openJournal(path: string, fingerprint: string): Promise<Journal> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const known =
    text.slice(0, Math.max(0, text.indexOf('\n'))) === fingerprint
      ? await entriesOf(text)
      : new Map<string, JournalEntry>()
  const lines = [...known].map(([sample, entry]) => JSON.stringify([sample, entry]))
  // Whole or not at all: a kill in the middle would lose what earlier runs have scored.
  await writeFileAtomic(path, `${[fingerprint, ...lines].join('\n')}\n`)
  return { known, add: (sample, entry) => appendFile(path, `${JSON.stringify([sample, entry])}\n`) }
}

/** The entries of a journal as they stand, without changing it; none where there is no journal. */
export const readJournal = async (path: string): Promise<ReadonlyMap<string, JournalEntry>> =>
  entriesOf(await readFile(path, 'utf8').catch(() => ''))

/** Lines that are read before the program's loop gets a turn: a window asks for a thousand of them each second while a cohort is scored. */
const READ_AT_ONCE = 200

/** Of a sample that was scored again the last line counts. */
async function entriesOf(text: string): Promise<Map<string, JournalEntry>> {
  const known = new Map<string, JournalEntry>()
  for (const [i, line] of text.split('\n').slice(1).entries()) {
    if (i > 0 && i % READ_AT_ONCE === 0) await breathe()
    try {
      const [sample, entry] = JSON.parse(line) as [string, JournalEntry]
      known.set(sample, entry)
    } catch {
      // Cut off by a kill.
    }
  }
  return known
}

/** By what a file is recognised as the one that was scored. */
export async function fileState(path: string): Promise<string> {
  const s = await stat(path).catch(() => undefined)
  return s ? `${s.size} ${s.mtimeMs} ${s.ino}` : 'absent'
}

/** An entry under the line and label that the sheet has now; undefined where the sample has another file now. */
export function entryNow(entry: JournalEntry | undefined, sample: RiskSheetRow): JournalEntry | undefined {
  if (entry?.path !== sample.path) return undefined
  const { row, failure, ...rest } = entry
  return {
    ...rest,
    ...(row ? { row: { ...row, label: sample.label } } : {}),
    ...(failure ? { failure: { ...failure, line: sample.line } } : {}),
  }
}

/** Samples whose files are no longer what was scored, in the order of the sheet. */
export async function changedSince(
  entries: ReadonlyMap<string, JournalEntry>,
  rows: readonly RiskSheetRow[],
): Promise<string[]> {
  const scored = rows.filter(r => entryNow(entries.get(r.sample), r))
  const states = await Promise.all(scored.map(r => fileState(r.path)))
  return scored.filter((r, i) => entries.get(r.sample)?.state !== states[i]).map(r => r.sample)
}
