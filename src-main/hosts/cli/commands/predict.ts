import { formatLocus } from '../../../../src-shared/genome/locus.ts'
import { WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import { chooseTracks, trackLabels } from '../../../analyses/chooseTracks.ts'
import { undoTransform } from '../../../analyses/undoTransform.ts'
import { createCompute } from '../../../compute/client.ts'
import { MODELS } from '../../../models/kinds.ts'
import { modelRegistry } from '../../../models/registry.ts'
import { readModelJson } from '../../../services/models/modelFolder.ts'
import { type Prediction, type PredictRequest, predict } from '../../../services/predict/predict.ts'
import { checkTrackCount, predictionFile, predictionFormat } from '../../../services/predict/predictionFiles.ts'
import type { TileChoice } from '../../../services/predict/tiledNetwork.ts'
import { type CliCommand, type CliIo, EXIT, type ParsedArgs } from '../command.ts'
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
    'undo-transform': { help: 'values as coverage, without the transform of the training targets' },
    'transform-order': { value: 'NAME', help: 'current or paper: which program made the targets (default current)' },
  },
  notes:
    'The region is widened to whole bins. When it fits into the part of a window that the model answers for, the window is centred on\n' +
    'it and bins count from there; else bins count from the start of the contig. Beyond the ends of the contig the model reads N.\n' +
    'FILE.npy is float32 [bins, tracks]; FILE.tsv has contig, start, end (0-based, half-open) and a column a track; .bw and .bedgraph\n' +
    "hold one track. Values are in the model's own units.",
  async run(args, io) {
    const started = Date.now()
    const out = args.text('out')
    const format = out === undefined ? 'tsv' : predictionFormat(out)
    const request = requestOf(args)
    const order = args.choice('transform-order', ['current', 'paper'], 'current')
    const regionText = args.required('region')
    const model = await readModelJson(request.model)
    checkTrackCount(format, chooseTracks(request.tracks, model.tracks).length)
    const reference = await openWithIndex(args.required('reference'), io)
    const compute = createCompute(request.threads !== undefined ? { threads: request.threads } : {})
    try {
      const region = regionIn(regionText, reference)
      const raw = await predict({ ...request, region }, reference, { compute, registry: modelRegistry(MODELS) }, io.context) // biome-ignore format: one thought
      const prediction = args.flag('undo-transform') ? undone(raw, order) : raw
      if (args.flag('undo-transform')) io.note(`note: transforms are undone in the ${order} order; the targets do not tell which order made them`) // biome-ignore format: one thought
      tell(prediction, io)
      const json = args.flag('json')
      if (out !== undefined || !json)
        await io.output(out, write => Promise.resolve(write(predictionFile(prediction, format, reference.contigs))))
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
  const shifts = (args.text('shifts') ?? '-1,0,1').split(',').map(Number)
  if (!shifts.every(s => Number.isInteger(s) && Math.abs(s) <= 1e6) || new Set(shifts).size !== shifts.length)
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

function undone(p: Prediction, order: 'current' | 'paper'): Prediction {
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
function summary(p: Prediction, out: string | undefined, ms: number): Record<string, unknown> {
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
    warnings: p.warnings,
    ms,
    ...(out !== undefined
      ? { out }
      : { values: Array.from({ length: p.bins }, (_, b) => [...p.values.subarray(b * width, (b + 1) * width)]) }),
  }
}
