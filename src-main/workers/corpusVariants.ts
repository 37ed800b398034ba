import { sameContig } from '../../src-shared/genome/contigs.ts'
import { formatPosition } from '../../src-shared/genome/locus.ts'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import { BASE_SET, NOT_A_BASE } from '../domain/corpus/bases.ts'
import {
  type FrequencyKey,
  frequenciesOf,
  IGNORED_REASONS,
  type IgnoredReason,
  isCommon,
  minorShare,
} from '../domain/corpus/frequencies.ts'
import { SiteCollector, type SiteTable } from '../domain/corpus/sites.ts'
import { openChecked } from '../readers/checkedFile.ts'
import type { ContigSequence } from '../readers/contigSpool.ts'
import { linesOf } from '../readers/textLines.ts'

/** Which records are sites: with dbSNP's mark; with a minor allele of 1 % or more; all; `auto`: marked ones where there are any, else 1 %. */
export type CommonRule = 'auto' | 'flag' | 'frequency' | 'all'

export interface SiteRequest {
  readonly path: string
  readonly common: CommonRule
  /** Looked for in this order. */
  readonly frequencyKeys: readonly FrequencyKey[]
}

export interface SiteReport {
  /** By which rule records were taken, once `auto` has been decided. */
  readonly common: Exclude<CommonRule, 'auto'>
  readonly records: number
  readonly used: number
  readonly ignored: Partial<Record<IgnoredReason, number>>
  /** Where the frequencies of the used records came from. */
  readonly frequencies: Partial<Record<FrequencyKey, number>>
}

/** dbSNP's own limit for COMMON: a minor allele of 1 % in a population of the 1000 Genomes. */
const COMMON_SHARE = 0.01
/** Bases of the reference that are held while records are compared with it. */
const PIECE = 1 << 20

/**
 * The sites of a contig from a VCF, plain, gzip or bgzip, read once from its start to the end of the contig's records.
 * @throws WorkbenchError `not-found` (no record of the contig), `corrupt` (with the line), `bad-input` (no record can be used), `build`
 * (records do not fit the reference)
 */
export async function readSites(
  request: SiteRequest,
  contig: ContigSequence,
  context: WorkContext,
): Promise<{ readonly table: SiteTable; readonly report: SiteReport }> {
  const { path } = request
  const intake = new Intake(request, contig)
  const known = new Map<string, boolean>()
  const file = await openChecked(path)
  try {
    reading: for await (const { lines, first } of linesOf(file, context))
      for (const [i, line] of lines.entries()) {
        if (line === '' || line.startsWith('#')) continue
        const name = line.slice(0, Math.max(0, line.indexOf('\t')))
        let wanted = known.get(name)
        if (wanted === undefined) {
          wanted = sameContig(name, contig.name)
          if (known.size < 10_000) known.set(name, wanted)
        }
        if (wanted) {
          await intake.add(line, first + i)
          // VCF 4.3, 1.6.1: the records of a contig stand together.
        } else if (intake.records > 0) break reading
      }
  } finally {
    await file.close()
  }
  if (intake.records === 0)
    throw new WorkbenchError('not-found', `'${path}' has no record of contig '${contig.name}'; it has ${[...known.keys()].slice(0, 4).join(', ').slice(0, 80) || 'none'}`, 'give a VCF of this chromosome') // biome-ignore format: one line
  return intake.finish()
}

class Intake {
  records = 0
  private readonly sites = new SiteCollector()
  /** By whether dbSNP marks the record. */
  private readonly used = { marked: 0, plain: 0 }
  private readonly keys = { marked: new Map<FrequencyKey, number>(), plain: new Map<FrequencyKey, number>() }
  private readonly ignored = new Map<IgnoredReason, number>()
  private compared = 0
  private firstDifference = ''
  private piece = new Uint8Array()
  private pieceStart = 0

  constructor(
    private readonly request: SiteRequest,
    private readonly contig: ContigSequence,
  ) {}

  async add(line: string, number: number): Promise<void> {
    this.records++
    const f = line.split('\t', 8)
    const bad = (what: string) => new WorkbenchError('corrupt', `line ${number} of '${this.request.path}' has ${what}`, 'mend or remove this line', { line: number }) // biome-ignore format: one line
    if (f.length < 8) throw bad(`${f.length} columns instead of 8 or more`)
    const [, positionText, , referenceText, alternativeText, , , info] = f as [string, string, string, string, string, string, string, string] // biome-ignore format: the columns
    if (!/^\d{1,10}$/.test(positionText)) throw bad(`a position '${positionText.slice(0, 20)}'`)
    if (!/^[ACGTUNRYSWKMBDHV]+$/i.test(referenceText)) throw bad(`a reference allele '${referenceText.slice(0, 20)}'`)
    const start = Number(positionText) - 1
    const { common } = this.request
    const marked = isCommon(info)
    if (common === 'flag' && !marked) return this.ignore('not-common')
    if (alternativeText === '.' || alternativeText === '') return this.ignore('no-alternative')
    const alternatives = alternativeText.toUpperCase().split(',')
    const found = frequenciesOf(info, 1 + alternatives.length, this.request.frequencyKeys)
    if ('malformed' in found) throw bad(`frequencies that are no numbers from 0 to 1: ${found.malformed}`)
    if ('ignored' in found) return this.ignore(found.ignored)
    const frequent = minorShare(found.shares) >= COMMON_SHARE
    if ((common === 'frequency' && !frequent) || (common === 'auto' && !frequent && !marked))
      return this.ignore('not-common')
    if (start < 0 || start + referenceText.length > this.contig.length)
      throw new WorkbenchError('build', `line ${number} of '${this.request.path}' is at ${formatPosition(this.contig.name, start)}, beyond the contig's ${this.contig.length.toLocaleString('en-US')} bases`, 'give a reference and variants of one genome build', { line: number }) // biome-ignore format: one line
    const reference = referenceText.toUpperCase().replaceAll('U', 'T')
    const letters = await this.letters(start, start + reference.length)
    const fit = fits(reference, letters)
    if (fit === 'unknown') return this.ignore('reference-unknown')
    this.compared++
    if (fit === 'differs') {
      this.firstDifference ||= `line ${number} has ${reference.slice(0, 20)} at ${formatPosition(this.contig.name, start)}, the reference ${letters.slice(0, 20)}`
      return this.ignore('reference-differs')
    }
    if (!this.sites.add(start, reference, letters, alternatives, found.shares, marked))
      return this.ignore('not-a-sequence')
    const kind = marked ? 'marked' : 'plain'
    this.used[kind]++
    this.keys[kind].set(found.key, (this.keys[kind].get(found.key) ?? 0) + 1)
  }

  finish(): { table: SiteTable; report: SiteReport } {
    const { path, common: asked } = this.request
    const differing = this.ignored.get('reference-differs') ?? 0
    if (differing * 2 > this.compared)
      throw new WorkbenchError('build', `${differing} of ${this.compared} records of '${path}' do not fit the reference: ${this.firstDifference}`, 'give a reference and variants of one genome build') // biome-ignore format: one line
    const byMark = asked === 'flag' || (asked === 'auto' && this.used.marked > 0)
    if (byMark) this.ignore('not-common', this.used.plain)
    const used = this.used.marked + (byMark ? 0 : this.used.plain)
    const ignored = Object.fromEntries([...this.ignored].sort())
    if (used === 0) {
      const none = this.ignored.get('no-frequency') === this.records
      const keys = this.request.frequencyKeys.join(', ')
      const why = [...this.ignored].map(([reason, n]) => `${n}: ${IGNORED_REASONS[reason]}`).join('; ')
      throw none
        ? new WorkbenchError('bad-input', `none of the ${this.records} records of '${path}' on contig '${this.contig.name}' has a frequency (${keys} in INFO)`, 'give a dbSNP VCF with FREQ, or one with CAF, AF or GMAF') // biome-ignore format: one line
        : new WorkbenchError('bad-input', `none of the ${this.records} records of '${path}' on contig '${this.contig.name}' can be used (${why})`, 'give a dbSNP VCF with COMMON and FREQ, or choose other records with --common') // biome-ignore format: one line
    }
    const frequencies: Partial<Record<FrequencyKey, number>> = {}
    for (const counts of byMark ? [this.keys.marked] : [this.keys.marked, this.keys.plain])
      for (const [key, n] of counts) frequencies[key] = (frequencies[key] ?? 0) + n
    const common = asked === 'auto' ? (byMark ? 'flag' : 'frequency') : asked
    return {
      table: this.sites.finish(byMark),
      report: { common, records: this.records, used, ignored, frequencies },
    }
  }

  private ignore(reason: IgnoredReason, times = 1): void {
    if (times > 0) this.ignored.set(reason, (this.ignored.get(reason) ?? 0) + times)
  }

  /** The reference's letters, upper case, read in pieces: records come mostly in order. */
  private async letters(start: number, end: number): Promise<string> {
    if (start < this.pieceStart || end > this.pieceStart + this.piece.length) {
      this.pieceStart = start
      this.piece = new Uint8Array(
        await this.contig.bytes(start, Math.min(this.contig.length, Math.max(end, start + PIECE))),
      )
    }
    const held = this.piece.subarray(start - this.pieceStart, end - this.pieceStart)
    return Buffer.from(held).toString('latin1').toUpperCase().replaceAll('U', 'T')
  }
}

/** An IUPAC letter on either side fits what it may stand for; an unknown base of the reference sequence fits nothing. */
function fits(reference: string, letters: string): 'fits' | 'unknown' | 'differs' {
  if (reference === letters && !letters.includes('N')) return 'fits'
  let differs = false
  for (let i = 0; i < letters.length; i++) {
    const set = BASE_SET[letters.charCodeAt(i)]!
    if (set === 0) return 'unknown'
    if (set === NOT_A_BASE || (set & BASE_SET[reference.charCodeAt(i)]!) === 0) differs = true
  }
  return differs ? 'differs' : 'fits'
}
