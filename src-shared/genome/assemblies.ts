import { bareContigName, findContig } from './contigs.ts'

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

/** Versions of the RefSeq accessions NC_000001 to NC_000024 in GRCh37; each is one higher in GRCh38 (NCBI assembly reports). */
const GRCH37_VERSIONS = [10, 11, 11, 11, 9, 11, 13, 10, 11, 10, 9, 11, 10, 8, 9, 9, 10, 9, 9, 10, 8, 10, 10, 9]

/** The build that a RefSeq accession belongs to: `NC_000019.9` is chromosome 19 of GRCh37. `unknown` for any other name. */
export function buildOfAccession(name: string): Build | 'unknown' {
  const found = /^NC_0000(\d\d)\.(\d+)$/.exec(name)
  const version37 = GRCH37_VERSIONS[Number(found?.[1]) - 1]
  if (!found || version37 === undefined) return 'unknown'
  const version = Number(found[2])
  return version === version37 ? 'GRCh37' : version === version37 + 1 ? 'GRCh38' : 'unknown'
}

/**
 * A caution where a region names the accession of one build and the header is of the other: the contig is found all the same, under its
 * alias, but the position means another base.
 */
export function otherBuildNote(
  regionText: string,
  contigs: readonly { readonly name: string; readonly length: number }[],
): string | undefined {
  const name = regionText.split(':', 1)[0] ?? ''
  const [asked, header] = [buildOfAccession(name), buildOf(contigs)]
  if (asked === 'unknown' || header === 'unknown' || asked === header) return undefined
  return `caution: ${name} is chromosome ${bareContigName(name)} of ${asked}, and the header is of ${header}: the positions are taken as ${header}'s`
}
