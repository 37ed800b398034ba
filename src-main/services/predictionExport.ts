import { type Contig, formatLocus } from '../../src-shared/genome/locus.ts'
import type { Background } from '../../src-shared/genome/prediction.ts'
import type { Args } from '../../src-shared/ipc/contract.ts'
import { cancelled, fromWire, throwIfCancelled, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { ExportedPrediction } from '../../src-shared/ipc/modelMethods.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import type { FileFingerprint, Provenance } from '../../src-shared/report/provenance.ts'
import { undoTransform } from '../analyses/undoTransform.ts'
import type { ModelJson } from '../models/folder/modelJson.ts'
import type { Downloads } from './downloads.ts'
import type { FileRegistry } from './files.ts'
import type { Jobs } from './jobs.ts'
import { madeUpOf } from './models/modelFacts.ts'
import type { OpenModels } from './models/openModels.ts'
import { checkTrackCount, type PredictionFormat, predictionFile, predictionPieces } from './predict/predictionFiles.ts'
import type { PredictedTracks, Predictions } from './predict/predictions.ts'
import { fingerprintFile } from './provenance.ts'

const FORMATS = { bigwig: ['bw', 'bw'], bedgraph: ['bedgraph', 'bedgraph'], tsv: ['tsv', 'tsv'] } as const

/** Bins x tracks of one file. */
const MAX_EXPORT_VALUES = 4_000_000

/** What a written prediction says of itself. */
export interface PredictionProvenance extends Provenance {
  readonly model: {
    readonly id: string
    readonly name: string
    readonly weightsSha256: string
    readonly madeUp: string | null
  }
  readonly tracks: readonly string[]
  readonly device: string
  readonly warnings: readonly string[]
}

/** Writes predicted tracks as a file to be fetched, with where they come from. */
export function createPredictionExport(parts: {
  readonly files: FileRegistry
  readonly models: OpenModels
  readonly predictions: Predictions
  readonly jobs: Jobs
  readonly downloads: Downloads
  readonly version: string
  readonly now: () => number
}) {
  /** What is not there yet is computed as a job, so that everybody sees what it will cost; who waits for the file waits for it. */
  const computed = async (
    asked: Args<'predict.export'>,
    json: ModelJson,
    context: WorkContext,
  ): Promise<PredictedTracks> => {
    const { jobs, predictions } = parts
    const plan = await predictions.planned(asked, context)
    if (!plan) return predictions.tracks(asked, context)
    // A signal that has fired meanwhile fires for no listener.
    throwIfCancelled(context.signal)
    return new Promise((resolve, reject) => {
      const job = jobs.start({
        kind: 'predict',
        title: `${json.name}: file of ${formatLocus(asked.interval)}`,
        interactive: true,
        estimate: plan.cost(),
        peakBytes: plan.peakBytes,
        async run(own) {
          resolve(await predictions.tracks(asked, own))
          return undefined
        },
      })
      const stop = () => jobs.cancel(job.id)
      context.signal.addEventListener('abort', stop, { once: true })
      void jobs.ended(job.id).then(({ state, error }) => {
        context.signal.removeEventListener('abort', stop)
        if (state === 'done') return
        reject(error ? fromWire(error) : cancelled())
        jobs.markRead(job.id) // whoever waits is told
      })
    })
  }
  return async (asked: Args<'predict.export'>, context: WorkContext): Promise<ExportedPrediction> => {
    const { channels, background } = asked
    const format: PredictionFormat = FORMATS[asked.format][0]
    checkTrackCount(format, channels.length)
    const { json } = await parts.models.use(asked.modelFileId)
    const bins = (asked.interval.end - asked.interval.start) / (json.output.binSize ?? 1)
    if (bins * channels.length > MAX_EXPORT_VALUES) throw new WorkbenchError('unsupported', `${Math.ceil(bins).toLocaleString('en-US')} bins of ${channels.length} tracks are too many for one export`, "choose a smaller region, or use 'diploscope predict'") // biome-ignore format: one thought
    const reference = await parts.files.use(asked.referenceFileId)
    const p = await computed(asked, json, context)
    const tracks = channels.map(c => json.tracks[c]!)
    const undo = asked.units === 'signal' ? tracks.map(t => undoTransform(t, 'current')) : undefined
    const own: FileFingerprint[] = [await fingerprintFile(reference.readPath, 'reference')]
    if (background.kind === 'haplotype') {
      const { path, role } = await parts.files.use(background.fileId)
      own.push(await fingerprintFile(path, role === 'variants' ? 'variants' : 'reads'))
    }
    const provenance: PredictionProvenance = {
      program: 'diploscope',
      version: parts.version,
      createdAt: new Date(parts.now()).toISOString(),
      model: { id: json.id, name: json.name, weightsSha256: json.weights.sha256, madeUp: madeUpOf(json) },
      tracks: tracks.map(t => t.sourceId ?? t.name),
      files: own,
      options: {
        region: formatLocus(asked.interval),
        bothStrands: asked.options.bothStrands,
        shiftsBp: asked.options.shiftsBp.join(','),
        background: backgroundText(background),
        units: undo ? 'coverage of the bin: the training transforms are undone, in the order that is current' : "the model's own", // biome-ignore format: one line
      },
      device: p.device,
      warnings: p.warnings,
    }
    const values = undo ? p.values.map((v, i) => undo[i % undo.length]!(v)) : p.values
    const body = await written({ ...p, values, contig: p.contig.name, tracks }, format, reference.facts.contigs)
    const text = `${JSON.stringify(provenance, undefined, 2)}\n`
    const name = `${fileName(json, asked.interval.contig)}_${asked.interval.start + 1}-${asked.interval.end}`
    const add = (bytes: Uint8Array | string, ending: string, contentType: string) =>
      parts.downloads.add({ name: `${name}.${ending}`, contentType, bytes: Uint8Array.from(typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes) }) // biome-ignore format: one line
    if (typeof body !== 'string')
      return { ...add(body, 'bw', 'application/octet-stream'), provenance: add(text, 'bw.provenance.json', 'application/json') } // biome-ignore format: one line
    return add(`${commented(provenance)}${body}`, FORMATS[asked.format][1], 'text/plain; charset=utf-8')
  }
}

/** Text is made in pieces with room for others in between. */
async function written(
  p: Parameters<typeof predictionFile>[0],
  format: PredictionFormat,
  contigs: readonly Contig[],
): Promise<Uint8Array | string> {
  if (format === 'bw') return predictionFile(p, format, contigs)
  const parts: string[] = []
  for (const piece of predictionPieces(p, format, contigs)) {
    parts.push(piece as string)
    await new Promise(done => setImmediate(done))
  }
  return parts.join('')
}

/** Haplotypes count from 1, as in the window. */
const backgroundText = (b: Background): string =>
  b.kind === 'reference'
    ? 'reference'
    : `haplotype ${b.haplotype + 1} of sample ${b.sample} (${b.haplotype === 0 ? 'first' : 'second'} allele of a phased genotype)`

const fileName = (json: Pick<ModelJson, 'id'>, contig: string): string =>
  `${json.id}_${contig}`.replace(/[^\w.-]/g, '_')

/** Lines that bedGraph and TSV readers skip. */
function commented(p: PredictionProvenance): string {
  const lines = [
    `program: ${p.program} ${p.version}, ${p.createdAt}; research use only${p.model.madeUp ? `; the model is ${p.model.madeUp}` : ''}`,
    `model: ${p.model.id} (${p.model.name}), weights SHA-256 ${p.model.weightsSha256}`,
    `tracks: ${p.tracks.join(', ')}`,
    ...p.files.map(f => `${f.role}: ${f.name}, ${f.sizeBytes} bytes, ${f.algorithm} ${f.hash}`),
    ...Object.entries(p.options).map(([key, value]) => `${key}: ${value}`),
    `device: ${p.device}`,
    ...p.warnings.map(w => `warning: ${w}`),
  ]
  return lines.map(line => `# ${line.replace(/[\r\n]+/g, ' ')}\n`).join('')
}
