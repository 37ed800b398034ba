import type { Contig } from '../../../src-shared/genome/locus.ts'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { float32 } from '../../../src-shared/tensor.ts'
import { trackLabels } from '../../analyses/chooseTracks.ts'
import { writeNpy } from '../../models/checkpoints/npy.ts'
import { writeBigWig } from '../../readers/bigwigWriter.ts'
import type { Prediction } from './predict.ts'

export const PREDICTION_FORMATS = ['bw', 'bedgraph', 'tsv', 'npy'] as const
export type PredictionFormat = (typeof PREDICTION_FORMATS)[number]

const ENDINGS: Readonly<Record<string, PredictionFormat>> = {
  '.bw': 'bw',
  '.bigwig': 'bw',
  '.bedgraph': 'bedgraph',
  '.bdg': 'bedgraph',
  '.tsv': 'tsv',
  '.npy': 'npy',
}

/** @throws WorkbenchError `wrong-usage` for another ending */
export function predictionFormat(path: string): PredictionFormat {
  const lower = path.toLowerCase()
  const ending = Object.keys(ENDINGS).find(e => lower.endsWith(e))
  if (ending) return ENDINGS[ending]!
  throw new WorkbenchError('wrong-usage', `'${path}' ends in none of .bw, .bedgraph, .tsv, .npy`, 'choose the format by the ending') // biome-ignore format: one thought
}

/** @throws WorkbenchError `wrong-usage` when the format holds one track and there are more: to be asked before anything is computed */
export function checkTrackCount(format: PredictionFormat, tracks: number): void {
  if ((format === 'bw' || format === 'bedgraph') && tracks !== 1)
    throw new WorkbenchError('wrong-usage', `a .${format} file holds one track, and ${tracks.toLocaleString('en-US')} are asked for`, 'name one with --tracks, or write .tsv or .npy') // biome-ignore format: one thought
}

/**
 * A prediction as a file. `.npy`: float32 [bins, tracks]. The others give 0-based half-open positions, where a bin that hangs over
 * an end of the contig is shown up to that end. A bin without a value (NaN: a haplotype lacks its bases) is `NaN` in a table and absent from
 * bigWig and bedGraph.
 */
export function predictionFile(
  p: Pick<Prediction, 'contig' | 'start' | 'binBp' | 'bins' | 'tracks' | 'values'>,
  format: PredictionFormat,
  contigs: readonly Contig[],
): Uint8Array | string {
  checkTrackCount(format, p.tracks.length)
  if (format === 'npy') return writeNpy(float32(p.values, [p.bins, p.tracks.length]))
  const length = contigs.find(c => c.name === p.contig)!.length
  const starts = Array.from({ length: p.bins }, (_, b) => Math.max(0, p.start + b * p.binBp))
  const ends = Array.from({ length: p.bins }, (_, b) => Math.min(length, p.start + (b + 1) * p.binBp))
  if (format === 'bw') {
    const there = [...starts.keys()].filter(b => !Number.isNaN(p.values[b]!))
    const of = (list: ArrayLike<number>) => there.map(b => list[b]!)
    return writeBigWig(contigs, [{ contig: p.contig, starts: of(starts), ends: of(ends), values: of(p.values) }])
  }
  const width = p.tracks.length
  const lines: string[] = []
  if (format === 'tsv') lines.push(['contig', 'start', 'end', ...trackLabels(p.tracks)].join('\t'))
  for (let b = 0; b < p.bins; b++) {
    if (format === 'bedgraph' && Number.isNaN(p.values[b]!)) continue
    const cells: string[] = [p.contig, String(starts[b]), String(ends[b])]
    for (let t = 0; t < width; t++) cells.push(shortest(p.values[b * width + t]!))
    lines.push(cells.join('\t'))
  }
  return lines.map(line => `${line}\n`).join('')
}

/** Numbers of one piece of a text. */
const PIECE_VALUES = 8192

/** A prediction as a file, in pieces: a table of a chromosome in many tracks is longer than a text may be. As `predictionFile`. */
export function* predictionPieces(
  p: Parameters<typeof predictionFile>[0],
  format: PredictionFormat,
  contigs: readonly Contig[],
): Generator<Uint8Array | string, void> {
  if (format === 'bw' || format === 'npy') {
    yield predictionFile(p, format, contigs)
    return
  }
  const width = p.tracks.length
  const step = Math.max(1, Math.floor(PIECE_VALUES / width))
  for (let from = 0; from < p.bins; from += step) {
    const bins = Math.min(step, p.bins - from)
    const values = p.values.subarray(from * width, (from + bins) * width)
    const text = predictionFile({ ...p, start: p.start + from * p.binBp, bins, values }, format, contigs) as string
    yield from > 0 && format === 'tsv' ? text.slice(text.indexOf('\n') + 1) : text
  }
}

/** The fewest digits that read back as the same float32. */
export function shortest(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits))
    if (Math.fround(rounded) === value) return String(rounded)
  }
  return String(Number(value.toPrecision(9)))
}
