/** RefSeq accessions of human chromosomes 1..22, X, Y: `NC_000019.9` (GRCh37) and `NC_000019.10` (GRCh38) are both chromosome 19. */
const REFSEQ = /^NC_0000(\d\d)\.\d+$/

/**
 * The bare name that all usual spellings of a human contig share: `chr19`, `19`, `NC_000019.10` -> `19`; `chrM`, `M`, `MT`,
 * `chrMT`, `NC_012920.1` -> `MT`. Any other name is itself, without a leading `chr`.
 */
export function bareContigName(name: string): string {
  const accession = REFSEQ.exec(name)
  if (accession) {
    const number = Number(accession[1])
    return number === 23 ? 'X' : number === 24 ? 'Y' : String(number)
  }
  if (name.startsWith('NC_012920')) return 'MT'
  const bare = /^chr/i.test(name) ? name.slice(3) : name
  return bare === 'M' || bare === 'MT' ? 'MT' : bare
}

export const sameContig = (a: string, b: string): boolean => a === b || bareContigName(a) === bareContigName(b)

/** The contig of a list that is meant by `name`: the exact name first, then any alias of it. */
export function findContig<C extends { readonly name: string }>(name: string, contigs: readonly C[]): C | undefined {
  const exact = contigs.find(c => c.name === name)
  if (exact) return exact
  const bare = bareContigName(name)
  return contigs.find(c => bareContigName(c.name) === bare)
}

/**
 * The contigs of several files as one list: those of the first, then what each next one has under a name that no alias of is there yet.
 * Contigs without a length are left out. The list itself where nothing is added.
 */
export function joinContigs<C extends { readonly name: string; readonly length: number }>(
  lists: readonly (readonly C[])[],
): readonly C[] {
  const [first, ...others] = lists
  if (!first) return []
  const known = new Set(first.map(c => bareContigName(c.name)))
  const added: C[] = []
  for (const list of others)
    for (const contig of list) {
      const bare = bareContigName(contig.name)
      if (contig.length <= 0 || known.has(bare)) continue
      known.add(bare)
      added.push(contig)
    }
  return added.length === 0 ? first : [...first, ...added]
}
