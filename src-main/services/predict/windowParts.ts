import type { Contig } from '../../../src-shared/genome/locus.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import type { WindowGeometry } from '../../analyses/predict.ts'
import type { HaplotypeRun } from '../../domain/variants/haplotypeWindow.ts'
import { pushedOut, type RealignedBins, realignBins } from '../../domain/variants/realign.ts'
import { type AlleleSource, type BackgroundCounts, backgroundSequence, type SequenceSource } from '../haplotypes.ts'

/** Bases of one run of the network, and where they come from. */
export interface WindowPart {
  /** A window with its margins. */
  readonly bases: string
  readonly runs: readonly HaplotypeRun[]
}

/** Where a window lies and what is read beside it. */
export interface WindowPlace {
  readonly contig: Contig
  /** First base of the window, without its margin. */
  readonly start: number
  readonly marginBp: number
  readonly geometry: WindowGeometry
}

const keptFrom = ({ start, geometry: g }: WindowPlace): number => start + g.cropBins * g.binBp

/**
 * What has to be run to answer for the kept bins of a window on a background: the window itself, and, where insertions push whole bins
 * out of its kept stretch, the windows around that end of the stretch.
 */
export async function readParts(
  source: SequenceSource,
  place: WindowPlace,
  alleles: AlleleSource | undefined,
  context: WorkContext,
): Promise<{ readonly parts: readonly WindowPart[]; readonly counts: BackgroundCounts }> {
  const { contig, start, marginBp, geometry: g } = place
  const read = (from: number) =>
    backgroundSequence(source, contig, from - marginBp, from + g.windowBp + marginBp, alleles, context)
  const { counts, ...own } = await read(start)
  const parts: WindowPart[] = [own]
  if (own.runs.some(r => r.inserted)) {
    const keptBp = g.bins * g.binBp
    const stretch = { firstBase: marginBp + g.cropBins * g.binBp, bases: keptBp }
    const { left, right } = pushedOut(own.runs, stretch, keptFrom(place), g.bins, g.binBp)
    const half = Math.floor(keptBp / 2)
    if (left) parts.push(await read(start - half))
    if (right) parts.push(await read(start + half))
  }
  return { parts, counts }
}

/** The kept bins of a window in reference coordinates, from the predicted bins of its parts: the first that has a bin's bases answers. */
export function placeParts(
  parts: readonly { readonly runs: readonly HaplotypeRun[]; readonly values: Float32Array }[],
  place: Omit<WindowPlace, 'contig'>,
): RealignedBins {
  const { geometry: g, marginBp } = place
  const firstBase = marginBp + g.cropBins * g.binBp
  const from = place.start + g.cropBins * g.binBp
  const [own, ...more] = parts.map(({ runs, values }) =>
    realignBins({ runs, values, columns: 1, firstBase, binBp: g.binBp }, from, g.bins),
  )
  for (const other of more)
    for (let b = 0; b < g.bins; b++)
      if (own!.gap[b] === 1 && other.gap[b] === 0) {
        own!.gap[b] = 0
        own!.values[b] = other.values[b]!
      }
  return own!
}
