import type { Build } from '../../../src-shared/genome/assemblies.ts'

/**
 * APOE as the published diplotype model takes it (Greenformers, chapter 5: 3,611 bp without flanks), 0-based half-open on chromosome 19.
 * GRCh37 lies 503,257 bp further on than GRCh38 over the whole locus.
 */
export const RISK_GENE: Readonly<Record<Build, { readonly start: number; readonly end: number }>> = {
  GRCh37: { start: 45_409_039, end: 45_412_650 },
  GRCh38: { start: 44_905_782, end: 44_909_393 },
}

/** The gene with `flankBp` on each side. */
export const riskRegion = (build: Build, flankBp: number): { readonly start: number; readonly end: number } => ({
  start: RISK_GENE[build].start - flankBp,
  end: RISK_GENE[build].end + flankBp,
})
