import type { Interval } from '../../src-shared/genome/interval.ts'

/** Genotypes of one sample, beside the variants. */
export interface GenotypeColumns {
  /** GT as in the file: `0|1`, `./.`, `1`; `.` where the sample has none. */
  readonly texts: readonly string[]
  /** First and second allele: 0 the reference, 1 the first alternative…, -1 unknown or (second) not there. */
  readonly first: Int16Array
  readonly second: Int16Array
  /** Alleles that the genotype has: 0 when there is no GT. */
  readonly ploidy: Uint8Array
  readonly phased: Uint8Array
}

/** Variants as columns, positions 0-based half-open. */
export interface VariantColumns {
  readonly contig: string
  readonly count: number
  /** Of POS. */
  readonly starts: Int32Array
  /** Past the last reference base: of REF, or INFO's END where it is given. */
  readonly ends: Int32Array
  /** '' for none (`.`). */
  readonly ids: readonly string[]
  readonly references: readonly string[]
  /** As in the file; empty for `.`. */
  readonly alternatives: readonly (readonly string[])[]
  /** Phred; NaN for `.` */
  readonly qualities: Float32Array
  /** `PASS`, names, or '' for `.`. */
  readonly filters: readonly string[]
  readonly genotypes?: GenotypeColumns
  /** Variants past the limit. */
  readonly omitted: number
  /** Lines that are no variant, and the reason of the first; line 0: read through an index, which does not tell numbers. */
  readonly malformed: { readonly count: number; readonly firstLine: number; readonly firstReason: string }
}

interface Genotype {
  readonly text: string
  readonly alleles: readonly number[]
  readonly phased: boolean
}

/** Takes lines of a VCF (specification 4.3) and keeps those that overlap an interval. */
export class VariantRows {
  /** A line of the contig has come. */
  began = false
  private readonly starts: number[] = []
  private readonly ends: number[] = []
  private readonly ids: string[] = []
  private readonly references: string[] = []
  private readonly alternatives: string[][] = []
  private readonly qualities: number[] = []
  private readonly filters: string[] = []
  private readonly genotypes: Genotype[] = []
  private omitted = 0
  private malformed = { count: 0, firstLine: 0, firstReason: '' }

  /** `sampleColumn` (0-based) is the column of the sample whose genotypes are wanted. */
  constructor(
    private readonly interval: Interval,
    private readonly sampleColumn: number | undefined,
    private readonly limit: number,
  ) {}

  /** @returns the line's 0-based start, or -1 when it is malformed */
  add(line: string, number: number): number {
    this.began = true
    // Genotypes of thousands of samples follow: only the columns that are needed are cut out.
    const f = line.split('\t', 1 + Math.max(8, this.sampleColumn ?? 0))
    if (f.length < 8) return this.bad(number, `${f.length} columns instead of 8 or more`)
    if (!/^\d{1,10}$/.test(f[1]!)) return this.bad(number, `a position '${f[1]!.slice(0, 20)}'`)
    // POS 0 is the telomere before the first base.
    const start = Number(f[1]) - 1
    const reference = f[3]!
    if (!/^[ACGTNRYSWKMBDHVacgtnryswkmbdhv]+$/.test(reference))
      return this.bad(number, `a reference allele '${reference.slice(0, 20)}'`)
    const end = this.endOf(f[7]!, start + reference.length)
    const quality = f[5] === '.' ? Number.NaN : Number(f[5])
    if (f[5] !== '.' && (f[5] === '' || Number.isNaN(quality)))
      return this.bad(number, `a quality '${f[5]!.slice(0, 20)}'`)
    if (start >= this.interval.end || Math.max(end, start + 1) <= this.interval.start) return start
    let genotype: Genotype | undefined
    if (this.sampleColumn !== undefined) {
      genotype = genotypeOf(f[8] ?? '', f[this.sampleColumn])
      const alleles = f[4] === '.' ? 1 : 1 + f[4]!.split(',').length
      if (!genotype || genotype.alleles.some(a => a >= alleles)) return this.bad(number, `a genotype '${(f[this.sampleColumn] ?? '').slice(0, 20)}'`) // biome-ignore format: one line
    }
    if (this.starts.length >= this.limit) {
      this.omitted++
      return start
    }
    this.starts.push(start)
    this.ends.push(end)
    this.ids.push(f[2] === '.' ? '' : f[2]!)
    this.references.push(reference)
    this.alternatives.push(f[4] === '.' ? [] : f[4]!.split(','))
    this.qualities.push(quality)
    this.filters.push(f[6] === '.' ? '' : f[6]!)
    if (genotype) this.genotypes.push(genotype)
    return start
  }

  finish(): VariantColumns {
    const g = this.genotypes
    return {
      contig: this.interval.contig,
      count: this.starts.length,
      starts: Int32Array.from(this.starts),
      ends: Int32Array.from(this.ends),
      ids: this.ids,
      references: this.references,
      alternatives: this.alternatives,
      qualities: Float32Array.from(this.qualities),
      filters: this.filters,
      ...(this.sampleColumn === undefined
        ? {}
        : {
            genotypes: {
              texts: g.map(x => x.text),
              first: Int16Array.from(g, x => x.alleles[0] ?? -1),
              second: Int16Array.from(g, x => x.alleles[1] ?? -1),
              ploidy: Uint8Array.from(g, x => x.alleles.length),
              phased: Uint8Array.from(g, x => (x.phased ? 1 : 0)),
            },
          }),
      omitted: this.omitted,
      malformed: this.malformed,
    }
  }

  private endOf(info: string, ofReference: number): number {
    const end = /(?:^|;)END=(\d{1,10})(?:;|$)/.exec(info)?.[1]
    // An END before the reference allele's own end contradicts it (htslib warns and keeps REF's).
    return end === undefined ? ofReference : Math.max(ofReference, Number(end))
  }

  private bad(line: number, reason: string): number {
    this.malformed = this.malformed.count === 0 ? { count: 1, firstLine: line, firstReason: reason } : { ...this.malformed, count: this.malformed.count + 1 } // biome-ignore format: one choice
    return -1
  }
}

/** undefined when the text is no genotype. */
function genotypeOf(format: string, text: string | undefined): Genotype | undefined {
  // A missing column of the sample, or a format without GT: nothing is known.
  const at = format.split(':').indexOf('GT')
  const gt = at < 0 ? '.' : (text?.split(':')[at] ?? '.')
  if (at < 0) return { text: '.', alleles: [], phased: false }
  if (!/^(\d{1,4}|\.)([|/](\d{1,4}|\.))*$/.test(gt)) return undefined
  const alleles = gt.split(/[|/]/).map(a => (a === '.' ? -1 : Number(a)))
  return { text: gt, alleles, phased: alleles.length > 1 && !gt.includes('/') }
}
