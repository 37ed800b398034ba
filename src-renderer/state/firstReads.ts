import { findContig } from '../../src-shared/genome/contigs.ts'
import type { OpenedFile } from '../../src-shared/genome/files.ts'
import type { Interval } from '../../src-shared/genome/interval.ts'
import { call, onPlaced } from './services.ts'
import { apoeLocus, clampTo, genomeFile, startLocus } from './tracks.ts'
import { sameLocus, useWorkbench } from './workbench.ts'

/** Where the reads of a sample are: files of a panel or of one chromosome are empty nearly everywhere. */

/** A tenth of the stretch on either side, and at least a read or two. */
const withRoom = (i: Interval): Interval => {
  const room = Math.max(200, Math.round((i.end - i.start) * 0.1))
  return { contig: i.contig, start: Math.max(0, i.start - room), end: i.end + room }
}

/** Goes to the first stretch of reads of a sample, or says that none is mapped. @throws WorkbenchError */
export async function goToFirstReads(file: OpenedFile): Promise<void> {
  const { goTo, notify } = useWorkbench.getState()
  const { interval } = await call('reads.first', { fileId: file.id })
  if (interval) goTo(withRoom(interval))
  else notify('info', `${file.name} has no mapped read`)
}

/**
 * A view that only began somewhere, since APOE is not in the files, is moved to the first reads of the selected or the first sample. Nothing is undone
 * by it, and a place that was chosen meanwhile stays.
 */
async function startAtReads(): Promise<void> {
  const { files, history } = useWorkbench.getState()
  const { locus, selection } = history.present.view
  const genome = genomeFile(history.present, files)
  const samples = files.filter(f => f.role === 'sample' && !f.problem)
  const file = samples.find(f => selection.kind === 'sample' && f.id === selection.fileId) ?? samples[0]
  if (!file || !locus || apoeLocus(genome) || !sameLocus(locus, startLocus(genome) ?? null)) return
  const { interval } = await call('reads.first', { fileId: file.id })
  if (!interval) return
  const { adjust, history: now } = useWorkbench.getState()
  if (!genome || !findContig(interval.contig, genome.facts.contigs) || !sameLocus(now.present.view.locus, locus)) return
  const wanted = clampTo(withRoom(interval), genome.facts.contigs)
  if (wanted) adjust(d => ({ ...d, view: { ...d.view, locus: wanted } }))
}

// Nobody asked for it: what is wrong with the file is said where it is opened and drawn.
onPlaced(() => void startAtReads().catch(() => undefined))
