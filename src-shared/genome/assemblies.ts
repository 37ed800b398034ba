import { findContig } from './contigs.ts'

export type Build = 'GRCh37' | 'GRCh38'

/** Lengths of chromosome 19, by which a header's build is told (GRC assembly reports, GRCh37 and GRCh38). */
export const CHR19_LENGTH: Readonly<Record<Build, number>> = { GRCh37: 59_128_983, GRCh38: 58_617_616 }

/**
 * The build of a header, from the length of its chromosome 19 under any alias; `unknown` when it has another length or none.
 * Never guessed from the data.
 */
export function buildOf(contigs: readonly { readonly name: string; readonly length: number }[]): Build | 'unknown' {
  const chr19 = findContig('chr19', contigs)
  if (chr19?.length === CHR19_LENGTH.GRCh37) return 'GRCh37'
  if (chr19?.length === CHR19_LENGTH.GRCh38) return 'GRCh38'
  return 'unknown'
}
