import { resolve } from 'node:path'
import { formatLocus } from '../../../../src-shared/genome/locus.ts'
import { asWorkbenchError, throwIfCancelled, WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import { chooseTracks, trackLabels } from '../../../analyses/chooseTracks.ts'
import { undoTransform } from '../../../analyses/undoTransform.ts'
import { type Compute, createCompute } from '../../../compute/client.ts'
import { MODELS } from '../../../models/kinds.ts'
import { type ModelRegistry, modelRegistry } from '../../../models/registry.ts'
import type { Reference } from '../../../readers/reference.ts'
import { openVariants, type VariantFile } from '../../../readers/variants.ts'
import { variantAlleles } from '../../../services/haplotypes.ts'
import { readModelJson } from '../../../services/models/modelFolder.ts'
import { verifyWeights } from '../../../services/models/verifyWeights.ts'
import {
  type BackgroundPrediction,
  predictBackgrounds,
  sideBySide,
} from '../../../services/predict/backgroundPrediction.ts'
import { type Prediction, type PredictRequest, predict } from '../../../services/predict/predict.ts'
import { checkTrackCount, predictionFormat, predictionPieces } from '../../../services/predict/predictionFiles.ts'
import { createPredictionStore } from '../../../services/predict/predictionStore.ts'
import type { TileChoice } from '../../../services/predict/tiledNetwork.ts'
import { type CliCommand, type CliIo, EXIT, type ParsedArgs } from '../command.ts'
import { checkOut } from '../outOption.ts'
import { openWithIndex, regionIn } from '../referenceOption.ts'

export const command: CliCommand = {
  name: 'predict',
  summary: 'Predicts the tracks of a region with a model of sequence.',
  usage: '--model DIR --reference FA --region chr4:40834409-40899944 [--tracks LIST] --out FILE.{bw,bedgraph,tsv,npy}',
  options: {
    model: { value: 'DIR', help: 'the model folder' },
    reference: { value: 'FASTA', help: 'FASTA or 2bit; an index that is missing is built beside it' },
    region: { value: 'R', help: '1-based, both ends included; chr1:5- runs to the end, chr1 is the whole contig' },
    tracks: {
      value: 'LIST',
      help: 'places from 0, ranges, head:index, identifiers or parts of descriptions (default: all)',
    },
    device: { value: 'NAME', help: 'auto, cpu, webgpu or cuda (default auto)' },
    average: { value: 'HOW', help: 'rc: over both strands; shifts: over moved windows; rc,shifts: over both' },
    shifts: { value: 'LIST', help: 'bp by which windows are moved for --average shifts (default -1,0,1)' },
    batch: { value: 'N', help: 'sequences a run (default 1)' },
    window: { value: 'BP', help: "length of a window (default the model's own); the crop at its ends stays the same" },
    tile: { value: 'HOW', help: 'auto, off, or bp of a tile: convolutions part by part, with the same result (default auto)' }, // biome-ignore format: one line
    vcf: { value: 'FILE', help: "put a person's alleles onto the reference: a VCF with phased genotypes" },
    sample: { value: 'NAME', help: 'the sample of the VCF (default: its only one)' },
    haplotype: { value: 'WHICH', help: '0, 1, or both: reference, both haplotypes and haplotype 1 minus 0 as columns (default both)' }, // biome-ignore format: one line
    cache: { value: 'DIR', help: 'keep predicted windows there, and use those that are (at most 2 GiB)' },
    'undo-transform': { help: 'values as coverage, without the transform of the training targets' },
    'transform-order': { value: 'NAME', help: 'current or paper: which program made the targets (default current)' },
  },
  notes:
    'The region is widened to whole bins. When it fits into the part of a window that the model answers for, the window is centred on\n' +
    'it and bins count from there; else bins count from the start of the contig. Beyond the ends of the contig the model reads N.\n' +
    'FILE.npy is float32 [bins, tracks]; FILE.tsv has contig, start, end (0-based, half-open) and a column a track; .bw and .bedgraph\n' +
    "hold one track. Values are in the model's own units.\n" +
    'With --vcf indels are realigned: values stand in bins of the reference, NaN (no line in bedGraph) where a haplotype has no base.',
  async run(args, io) {
    const started = Date.now()
    const out = args.text('out')
    const format = out === undefined ? 'tsv' : predictionFormat(out)
    const request = requestOf(args)
    const order = args.choice('transform-order', ['current', 'paper'], 'current')
    const regionText = args.required('region')
    const person = personOf(args)
    const model = await readModelJson(request.model)
    const columns = chooseTracks(request.tracks, model.tracks).length
    checkTrackCount(format, person?.haplotype === 'both' ? 4 * columns : columns)
    await checkOut(args)
    await verifyWeights(request.model, model, io.context)
    const reference = await openWithIndex(args.required('reference'), io)
    const compute = createCompute(request.threads !== undefined ? { threads: request.threads } : {})
    try {
      const region = regionIn(regionText, reference)
      const finished = <P extends Prediction>(p: P): P => (args.flag('undo-transform') ? undone(p, order) : p)
      const deps = { compute, registry: modelRegistry(MODELS) }
      const cache = args.text('cache')
      const prediction =
        person || cache !== undefined
          ? await predictPerson({ ...request, region }, person, cache, reference, deps, finished, io)
          : finished(await predict({ ...request, region }, reference, deps, io.context))
      if (args.flag('undo-transform')) io.note(`note: transforms are undone in the ${order} order; the targets do not tell which order made them`) // biome-ignore format: one thought
      tell(prediction, io)
      const json = args.flag('json')
      if (out !== undefined || !json)
        await io.output(out, async write => {
          for (const piece of predictionPieces(prediction, format, reference.contigs)) {
            throwIfCancelled(io.context.signal)
            await write(piece)
          }
        })
      if (json) await io.write(`${JSON.stringify(summary(prediction, out, Date.now() - started))}\n`)
      return EXIT.done
    } finally {
      await compute.close()
      await reference.close()
    }
  },
}

function requestOf(args: ParsedArgs): Omit<PredictRequest, 'region'> {
  const how = args.text('average')?.split(',') ?? []
  const odd = how.find(h => h !== 'rc' && h !== 'shifts')
  if (odd !== undefined) throw new WorkbenchError('wrong-usage', `--average is '${odd}', not rc or shifts`, 'write rc, shifts or rc,shifts') // biome-ignore format: one thought
  const parts = (args.text('shifts') ?? '-1,0,1').split(',')
  const shifts = parts.map(Number)
  if (!shifts.every((s, i) => /\d/.test(parts[i]!) && Number.isInteger(s) && Math.abs(s) <= 1e6) || new Set(shifts).size !== shifts.length)
    throw new WorkbenchError('wrong-usage', `--shifts is '${args.text('shifts')}', not different whole numbers`, 'write -1,0,1') // biome-ignore format: one thought
  if (args.text('shifts') !== undefined && !how.includes('shifts')) throw new WorkbenchError('wrong-usage', '--shifts is for --average shifts', 'add --average shifts') // biome-ignore format: one thought
  const tracks = args.text('tracks')
  return {
    model: args.required('model'),
    ...(tracks !== undefined ? { tracks } : {}),
    bothStrands: how.includes('rc'),
    shiftsBp: how.includes('shifts') ? shifts : [0],
    device: args.choice('device', ['auto', 'cpu', 'webgpu', 'cuda'], 'auto'),
    batch: args.integer('batch', 1, { min: 1, max: 1024 }),
    ...(args.text('window') !== undefined ? { windowBp: args.integer('window', 0, { min: 1, max: 2 ** 26 }) } : {}),
    tile: tileOf(args),
    ...(args.text('threads') !== undefined ? { threads: args.integer('threads', 1, { min: 1, max: 1024 }) } : {}),
  }
}

function tileOf(args: ParsedArgs): TileChoice {
  const text = args.text('tile') ?? 'auto'
  return text === 'auto' || text === 'off' ? text : args.integer('tile', 0, { min: 1, max: 2 ** 26 })
}

/** A person's sample and the haplotypes that are wanted. */
interface Person {
  readonly vcf: string
  readonly sample: string | undefined
  readonly haplotype: '0' | '1' | 'both'
}

function personOf(args: ParsedArgs): Person | undefined {
  const vcf = args.text('vcf')
  const odd = ['sample', 'haplotype'].find(name => args.text(name) !== undefined)
  if (vcf === undefined && odd) throw new WorkbenchError('wrong-usage', `--${odd} is for --vcf`, 'add --vcf FILE')
  return vcf === undefined
    ? undefined
    : { vcf, sample: args.text('sample'), haplotype: args.choice('haplotype', ['0', '1', 'both'], 'both') }
}

/** On a person's haplotypes, or on the reference with kept windows. */
async function predictPerson(
  request: PredictRequest,
  person: Person | undefined,
  cache: string | undefined,
  reference: Reference,
  deps: { readonly compute: Compute; readonly registry: ModelRegistry },
  finished: (p: BackgroundPrediction) => BackgroundPrediction,
  io: CliIo,
): Promise<BackgroundPrediction> {
  const store = cache === undefined ? undefined : createPredictionStore({ folder: resolve(cache), fault: e => io.note(`warning: the cache cannot be written: ${asWorkbenchError(e).message}`) }) // biome-ignore format: one line
  const all = { ...deps, ...(store ? { store } : {}) }
  const variants = person && (await openVariants(person.vcf, io.context))
  try {
    const on = (haplotypes: readonly (0 | 1 | undefined)[]) => {
      const sources = haplotypes.map(h => (h === undefined || !variants ? undefined : variantAlleles(variants, sampleOf(person!, variants), h, reference.contigs))) // biome-ignore format: one line
      return predictBackgrounds(request, sources, reference, all, io.context)
    }
    if (person?.haplotype === 'both') {
      const [none, zero, one] = (await on([undefined, 0, 1])).map(finished)
      return sideBySide([none!, zero!, one!])
    }
    const [only] = await on([person ? (Number(person.haplotype) as 0 | 1) : undefined])
    return finished(only!)
  } finally {
    await variants?.close()
    await store?.flush()
  }
}

function sampleOf({ vcf, sample }: Person, { samples }: VariantFile): string {
  if (sample === undefined && samples.length === 1) return samples[0]!
  if (sample !== undefined && samples.includes(sample)) return sample
  const has = samples.length === 0 ? 'it has no samples' : `it has ${samples.slice(0, 4).join(', ')}${samples.length > 4 ? '…' : ''}` // biome-ignore format: one line
  if (sample === undefined) throw new WorkbenchError('wrong-usage', `'${vcf}' has ${samples.length} samples`, `name one with --sample: ${has}`) // biome-ignore format: one line
  throw new WorkbenchError('not-found', `sample '${sample.slice(0, 60)}' is not in '${vcf}'`, has)
}

function undone<P extends Prediction>(p: P, order: 'current' | 'paper'): P {
  const undo = p.tracks.map(track => undoTransform(track, order))
  return { ...p, values: p.values.map((value, i) => undo[i % undo.length]!(value)) }
}

function tell(p: Prediction, io: CliIo): void {
  const n = (x: number) => x.toLocaleString('en-US')
  const nodes = Object.entries(p.provider.ran).map(([name, count]) => `${n(count)} operations on ${name}`)
  io.note(`device: ${nodes.join(', ') || 'not reported'}${p.provider.note ? ` (${p.provider.note})` : ''}`)
  io.note(`${p.model.id}: ${n(p.tracks.length)} tracks, ${n(p.bins)} bins of ${p.binBp} bp from ${formatLocus({ contig: p.contig, start: Math.max(0, p.start), end: p.end })}, ${n(p.windows)} windows`) // biome-ignore format: one line
  for (const warning of p.warnings) io.note(`warning: ${warning}`)
}

/** The document of --json; without a file it holds the values too. */
function summary(p: Prediction | BackgroundPrediction, out: string | undefined, ms: number): Record<string, unknown> {
  const width = p.tracks.length
  return {
    model: p.model.id,
    contig: p.contig,
    start: p.start,
    end: p.end,
    binSize: p.binBp,
    bins: p.bins,
    tracks: trackLabels(p.tracks),
    windows: p.windows,
    device: { requested: p.provider.requested, ran: p.provider.ran, note: p.provider.note ?? null },
    unknownBins: [...p.unknownBins.keys()].filter(b => p.unknownBins[b] === 1),
    unknownShare: p.unknownShare,
    ...('fromCache' in p ? { fromCache: p.fromCache, deletedBins: [...p.deletedBins.keys()].filter(b => p.deletedBins[b] === 1) } : {}), // biome-ignore format: one line
    warnings: p.warnings,
    ms,
    ...(out !== undefined
      ? { out }
      : { values: Array.from({ length: p.bins }, (_, b) => [...p.values.subarray(b * width, (b + 1) * width)]) }),
  }
}
