import { useQueries } from '@tanstack/react-query'
import { useMemo } from 'react'
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

/** Where the open samples differ from a scan's sequence, from their reads. */
export function useOwnVariants(scan: ScanData, samples: readonly OpenedFile[]): readonly OwnVariant[] {
  const { interval } = scan.request
  const found = useQueries({
    queries: samples.map(file => ({
      queryKey: ['own-variants', ...version(file), interval],
      queryFn: ({ signal }: { readonly signal: AbortSignal }) =>
        call('diplotype.range', { fileId: file.id, interval, caller: 'robust' as const }, signal),
    })),
  })
  // Results are stable objects; the key says when one of them is another.
  const key = found.map(f => f.dataUpdatedAt).join()
  // biome-ignore lint/correctness/useExhaustiveDependencies: see key
  return useMemo(
    () =>
      samples.flatMap((file, i) => {
        const track = found[i]?.data
        return track ? variantsOf(track, interval.start, scan.sequence, file.facts.samples[0] ?? file.name) : []
      }),
    [key, interval, scan.sequence],
  )
}
