import { DIPLOTYPE_CODES, type DiplotypeCalls } from '../../../src-shared/genome/diplotype.ts'

export const DIPLOTYPE_TSV_HEADER = 'contig\tpos\talleles\tchar\tdepth\tquality\n'

const CHARS = DIPLOTYPE_CODES.map(code => code.char)
const ALLELES = DIPLOTYPE_CODES.map(code => `${code.allele1}/${code.allele2}`)

/** One character a reference base, without a line end. */
export function diplotypeText(calls: DiplotypeCalls): string {
  const parts: string[] = []
  for (const code of calls.codes) parts.push(CHARS[code]!)
  return parts.join('')
}

/** One line a reference base: contig, 1-based position, alleles, character, counted reads, quality with one decimal. */
export function diplotypeTsv(calls: DiplotypeCalls): string {
  const lines: string[] = []
  for (let i = 0; i < calls.codes.length; i++) {
    const code = calls.codes[i]!
    lines.push(
      `${calls.contig}\t${calls.start + i + 1}\t${ALLELES[code]}\t${CHARS[code]}\t${calls.depth[i]}\t${calls.quality[i]!.toFixed(1)}\n`,
    )
  }
  return lines.join('')
}
