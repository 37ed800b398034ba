import { useQueries } from '@tanstack/react-query'
import { useMemo } from 'react'
import { diplotypeOfChar } from '../../../src-shared/genome/diplotype.ts'
import type { DiplotypeTrack } from '../../../src-shared/genome/diplotypeTrack.ts'
import type { OpenedFile } from '../../../src-shared/genome/files.ts'
import type { ScanData } from '../../../src-shared/genome/scan.ts'
import type { VariantSite } from '../../../src-shared/ipc/scanMethods.ts'
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
      found.push({ position: at, label: `${sample}: ${code.allele1}/${code.allele2} (reads)` })
    at++
    i++
  }
  return found
}

/** Variants of a VCF in words of a mark: `SYN: T/C`, or `rs7412 C>T` where no sample is told. */
export function siteMarks(sites: readonly VariantSite[], start: number, positions: number): readonly OwnVariant[] {
  const short = (allele: string) => (allele.length > 8 ? `${allele.slice(0, 6)}…` : allele)
  return sites
    .filter(v => v.position >= start && v.position < start + positions)
    .map(v => ({
      position: v.position - start,
      label: v.sample === null ? `${v.id || 'VCF'} ${short(v.ref)}>${v.alternatives.map(short).join(',')}` : `${v.sample}: ${v.genotype.map(short).join('/')}${v.id ? ` (${v.id})` : ''}`, // biome-ignore format: one choice
    }))
}

/** Where the open samples and VCFs differ from a scan's sequence: from reads by their diplotype, from a VCF as it says. */
export function useOwnVariants(scan: ScanData, files: readonly OpenedFile[]): readonly OwnVariant[] {
  const { interval } = scan.request
  const found = useQueries({
    queries: files.map(file => ({
      queryKey: ['own-variants', ...version(file), interval],
      queryFn: async ({ signal }: { readonly signal: AbortSignal }): Promise<readonly OwnVariant[]> => {
        if (file.role === 'variants')
          return siteMarks(await call('variants.sites', { fileId: file.id, interval }, signal), interval.start, scan.sequence.length) // biome-ignore format: one call
        const track = await call('diplotype.range', { fileId: file.id, interval, caller: 'robust' }, signal)
        return variantsOf(track, interval.start, scan.sequence, file.facts.samples[0] ?? file.name)
      },
    })),
  })
  // Results are stable objects; the key says when one of them is another.
  const key = found.map(f => f.dataUpdatedAt).join()
  // biome-ignore lint/correctness/useExhaustiveDependencies: see key
  return useMemo(() => found.flatMap(f => f.data ?? []), [key])
}
