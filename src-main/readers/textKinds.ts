import type { FileKind } from '../../src-shared/genome/files.ts'

/** What the beginning of a text says it is. */
export interface TextKind {
  readonly kind: FileKind
  /** Of kind `genes`. */
  readonly format?: 'GTF' | 'GFF3' | 'BED'
}

const whole = (text: string | undefined): boolean => text !== undefined && /^\d{1,10}$/.test(text)
const number = (text: string | undefined): boolean => text !== undefined && text !== '' && Number.isFinite(Number(text))

/**
 * Tells a text format by its first lines; undefined when they are none that is known. `text` may end within a line, which
 * is then not looked at unless it is the only one.
 */
export function textKind(text: string): TextKind | undefined {
  const clean = text.replace(/^\uFEFF/, '')
  if (clean.startsWith('##fileformat=VCF')) return { kind: 'vcf' }
  if (/^@(HD|SQ|RG|PG|CO)\t/.test(clean)) return { kind: 'sam' }
  if (/^##gff-version\s+3/.test(clean)) return { kind: 'genes', format: 'GFF3' }
  if (/^\s*>/.test(clean)) return { kind: 'fasta' }
  if (/^\s*\{/.test(clean)) return /"format"\s*:\s*"diploscope-project"/.test(clean) ? { kind: 'project' } : undefined
  const lines = clean.split('\n').map(line => line.replace(/\r$/, ''))
  if (lines.length > 1) lines.pop()
  if (isSampleSheet(lines.find(line => line.trim() !== '' && !line.startsWith('##')))) return { kind: 'samples' }
  for (const line of lines) {
    if (/^#CHROM\tPOS\t/.test(line)) return { kind: 'vcf' }
    if (/^track\s.*type="?bedGraph/i.test(line)) return { kind: 'bedgraph' }
    if (line === '' || line.startsWith('#') || /^(track|browser)\s/.test(line)) continue
    return ofDataLine(line)
  }
  return undefined
}

/** A head with the columns that a sample sheet must have; see `services/risk/sampleSheet.ts`. */
function isSampleSheet(head: string | undefined): boolean {
  const columns = (head ?? '').replace(/^#/, '').split('\t').map(c => c.trim().toLowerCase()) // biome-ignore format: one line
  return columns.includes('sample') && columns.some(c => c === 'bam' || c === 'path' || c === 'cram')
}

function ofDataLine(line: string): TextKind | undefined {
  const f = line.split('\t')
  if (f.length === 9 && whole(f[3]) && whole(f[4]) && /^[+\-.?]$/.test(f[6] ?? ''))
    return { kind: 'genes', format: /^\s*\w+\s+"|^\s*gene_id\s/.test(f[8] ?? '') ? 'GTF' : 'GFF3' }
  if (f.length >= 11 && whole(f[1]) && whole(f[3]) && whole(f[4]) && /^(\*|(\d+[MIDNSHP=X])+)$/.test(f[5] ?? ''))
    return { kind: 'sam' }
  const b = f.length >= 3 ? f : line.trim().split(/\s+/)
  if (b.length >= 3 && whole(b[1]) && whole(b[2]) && Number(b[1]) <= Number(b[2]))
    return b.length === 4 && number(b[3]) ? { kind: 'bedgraph' } : { kind: 'genes', format: 'BED' }
  return undefined
}
