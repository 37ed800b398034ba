import { useQuery } from '@tanstack/react-query'
import { diplotypeOfChar } from '../../../src-shared/genome/diplotype.ts'
import type { DiplotypeTrack } from '../../../src-shared/genome/diplotypeTrack.ts'
import type { OpenedFile } from '../../../src-shared/genome/files.ts'
import type { ScanData } from '../../../src-shared/genome/scan.ts'
import { call, version } from '../../state/services.ts'
import type { OwnVariant } from './ScanHeatmap.tsx'

/** Where a sample's diplotype differs from the scanned sequence: heterozygous, or both alleles another base, gap or insertion. */
export function variantsOf(
  track: DiplotypeTrack,
  start: number,
  sequence: string,
  sample: string,
): readonly OwnVariant[] {
  const found: OwnVariant[] = []
  let at = track.interval.start - start
  let i = 0
  for (const char of track.characters) {
    const code = diplotypeOfChar(char)
    const base = sequence[at]
    const covered = (track.depth[i] ?? 0) > 0
    if (code && covered && base !== undefined && base !== 'N' && (code.allele1 !== base || code.allele2 !== base))
      found.push({ position: at, label: `${sample}: ${code.allele1}/${code.allele2}` })
    at++
    i++
  }
  return found
}

const none: readonly OwnVariant[] = []

/** A sample's own variants where a scan is, from its reads. */
export function useOwnVariants(scan: ScanData | undefined, sample: OpenedFile | undefined): readonly OwnVariant[] {
  const interval = scan?.request.interval
  const found = useQuery({
    queryKey: ['own-variants', ...version(sample), interval],
    enabled: sample !== undefined && !sample.problem && interval !== undefined,
    queryFn: ({ signal }) =>
      call('diplotype.range', { fileId: sample?.id ?? '', interval: interval!, caller: 'robust' }, signal),
    select: track =>
      scan && sample
        ? variantsOf(track, scan.request.interval.start, scan.sequence, sample.facts.samples[0] ?? sample.name)
        : none,
  })
  return found.data ?? none
}
