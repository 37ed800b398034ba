import { findContig } from '../../src-shared/genome/contigs.ts'
import { contigFit, type OpenedFile } from '../../src-shared/genome/files.ts'
import { toWire, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { onPrediction, predictedBins } from '../state/predictions.ts'
import { call } from '../state/services.ts'
import { useWorkbench } from '../state/workbench.ts'
import { Failure } from './failure.ts'
import { cachedSequence, type ReadSequence } from './sequenceCache.ts'
import type { GenomeServices } from './trackConfigs.ts'

/** A track that cannot be read says why in its place, and the window says it once: igv.js would ask again at every move. */
async function orFailure<T>(what: string, read: () => Promise<T>): Promise<T | Failure> {
  try {
    return await read()
  } catch (error) {
    const wire = toWire(error)
    // A file of other contigs is nothing wrong: there is just nothing of it here.
    if (wire.code === 'not-found') return new Failure('nothing of this contig in the file')
    return failureOf(what)(error)
  }
}

const failureOf = (what: string) => (error: unknown) => {
  const wire = toWire(error)
  if (wire.code !== 'disconnected' && wire.code !== 'cancelled')
    useWorkbench.getState().notify('error', `${what}: ${wire.message}`, wire)
  return new Failure(wire.message)
}

let cache: { readonly key: string; readonly read: ReadSequence } | undefined

/** The sequence of a reference, kept in blocks as long as the file stays the same. */
function sequenceOf(file: OpenedFile): ReadSequence {
  const key = `${file.id}:${file.facts.modifiedAt}:${file.facts.sizeBytes}`
  if (cache?.key !== key)
    cache = {
      key,
      read: cachedSequence(
        async (contig, start, end) =>
          (await call('reference.sequence', { fileId: file.id, interval: { contig, start, end } })).sequence,
        contig => file.facts.contigs.find(c => c.name === contig)?.length ?? 0,
      ),
    }
  return cache.read
}

/** Asks the services for what tracks draw. The options in force when it is asked are those of the position panel. */
export const services: GenomeServices = {
  sequence: async (contig, start, end) => {
    const { files, history } = useWorkbench.getState()
    const reference = files.find(f => f.id === history.present.view.referenceFileId)
    const known = reference && findContig(contig, reference.facts.contigs)
    if (!reference || reference.problem || !known) return ''
    return sequenceOf(reference)(known.name, start, end)
  },
  genes: async (fileId, interval) => {
    const found = await orFailure('Genes', () => call('genes.range', { fileId, interval }))
    return found instanceof Failure ? [] : found.transcripts
  },
  coverage: fileId => ({
    read: (interval, count) =>
      orFailure('Coverage', async () => {
        const { options } = useWorkbench.getState()
        const bins = await call('coverage.bins', { fileId, interval, bins: count, options })
        const exact = bins.binBp === 1 && bins.counts !== undefined
        const { contig, start, end } = bins.interval
        return { bins, sequence: exact ? (await services.sequence(contig, start, end)).toUpperCase() : '' }
      }),
  }),
  diplotype: fileId => ({
    read: interval =>
      orFailure('Diplotype', async () => {
        const track = await call('diplotype.range', { fileId, interval, caller: 'robust' })
        const { contig, start, end } = track.interval
        return { track, sequence: (await services.sequence(contig, start, end)).toUpperCase() }
      }),
  }),
  predicted: modelFileId => ({
    bins: (background, interval, channels, bins, units) =>
      predictedBins(
        useWorkbench.getState().history.present,
        modelFileId,
        { background, units },
        interval,
        channels,
        bins,
      ),
    observed: (channel, signalFileId, interval, binBp, { units, observed }) => {
      refuseOtherAssembly(signalFileId)
      return call('predict.observed', { modelFileId, channel, signalFileId, interval, binBp, units, observed })
    },
    changed: told =>
      onPrediction(change => {
        if (change.modelFileId === modelFileId) told(change)
      }),
    // What the view asks too much of is said in the track, and again at every move.
    failed: error =>
      toWire(error).code === 'unsupported' ? new Failure(sentenceOf(error)) : failureOf('Prediction')(error),
  }),
}

const sentenceOf = (error: unknown): string => {
  const { message, remedy } = toWire(error)
  return remedy ? `${message}: ${remedy}` : message
}

/** Values of another assembly would be drawn at wrong places. @throws WorkbenchError `build` */
function refuseOtherAssembly(signalFileId: string) {
  const { files, history } = useWorkbench.getState()
  const signal = files.find(f => f.id === signalFileId)
  const reference = files.find(f => f.id === history.present.view.referenceFileId)
  const [other] = signal && reference ? contigFit(signal.facts.contigs, reference.facts.contigs).conflicts : []
  if (signal && other)
    throw new WorkbenchError(
      'build',
      `'${signal.name}' has contig '${other.name}' of ${other.length.toLocaleString('en-US')} bp, the reference ${other.assemblyLength.toLocaleString('en-US')} bp: it is of another assembly`,
      'choose a signal on the assembly of the reference',
    )
}
