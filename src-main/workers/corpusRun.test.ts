import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { isHeterozygous } from '../../src-shared/genome/diplotype.ts'
import { quietContext } from '../../src-shared/job.ts'
import { SeededRandom } from '../../test-support/random.ts'
import { sharedData } from '../../test-support/shared-data.ts'
import { FREQUENCY_KEYS } from '../domain/corpus/frequencies.ts'
import { RULES } from '../domain/corpus/plan.ts'
import { buildIndex } from '../readers/indexBuilder.ts'
import { type CorpusRequest, runCorpus } from './corpusRun.ts'

const folder = mkdtempSync(join(tmpdir(), 'diploscope-corpus-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))
const file = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

/** 4 N, 36 known letters in both cases with R and an inner run of N, 2 N; wrapped at 10, carriage returns. */
const LETTERS = 'NNNNacgtACGTRcaNNNtacgGATTACAgattacaGGCCNN'
const fasta = (letters: string, name = '19', end = '\r\n') => `>${name} made by hand${end}${letters.match(/.{1,10}/g)!.join(end)}${end}` // biome-ignore format: one line
const HEADER = '##fileformat=VCFv4.2\r\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\r\n'
const row = (position: number, ref: string, alt: string, info: string, contig = 'NC_000019.9') =>
  `${contig}\t${position}\trs${position}\t${ref}\t${alt}\t.\t.\t${info}\r\n`
const ROWS = [
  row(5, 'G', 'C', 'FREQ=A:0.5,0.5;COMMON', 'NC_000018.9'),
  row(5, 'A', 'C', 'RS=1;FREQ=A:0.6,0.4;COMMON'),
  row(7, 'G', 'T', 'FREQ=A:0.6,0.4'),
  row(9, 'AC', 'A', 'FREQ=A:0.6,0.4;COMMON'),
  row(11, 'G', 'GTT', 'FREQ=A:0.6,0.4|B:0.2,0.4,0.4;COMMON'),
  row(17, 'C', 'T', 'FREQ=A:0.6,0.4;COMMON'),
  row(19, 'T', 'A,G', 'FREQ=A:0.2,0.3,0.5;COMMON'),
  row(20, 'A', 'G', 'FREQ=A:.,.;COMMON'),
  row(21, 'T', 'G', 'FREQ=A:0.5,0.5;COMMON'),
  row(30, 'G', '<DEL>', 'FREQ=A:0.5,0.5;COMMON'),
  row(31, 'A', '.', 'COMMON'),
]
const VCF = HEADER + ROWS.join('')
/** By hand: A-C at 5, DEL-C at 10, G-GI at 11, R is A-G, G-A at 19 with T left out. */
const EXPECTED = '嗄CGTA吃高T阿CANNN阿ACGGATTACAGATTACAGGCC'

const request = (change: Partial<CorpusRequest> & { vcf?: string; fa?: string } = {}): CorpusRequest => {
  const { vcf = file('a.vcf', VCF), fa = file('a.fa', fasta(LETTERS)), ...rest } = change
  return {
    reference: fa,
    variants: { path: vcf, common: 'auto', frequencyKeys: FREQUENCY_KEYS },
    contig: 'chr19',
    plan: { ...RULES.thesis, passes: 1, startMax: 0, minLength: 6, maxLength: 6, seed: 1 },
    sample: 'fixed',
    ploidy: 'diploid',
    ...rest,
  }
}
async function run(r: CorpusRequest) {
  const parts: Uint8Array[] = []
  const report = await runCorpus(r, quietContext(), async bytes => {
    parts.push(bytes.slice())
  })
  const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts))
  expect(Buffer.concat(parts).length).toBe(report.bytes)
  return { report, text, lines: text.split('\n').slice(0, -1) }
}

describe('a corpus made by hand', () => {
  it('is the trimmed contig in upper case with each site as its pair', async () => {
    const { report, lines } = await run(request())
    expect(lines.join('')).toBe(EXPECTED)
    expect(lines.map(l => l.length)).toEqual([6, 6, 6, 6, 6, 6])
    expect(report).toMatchObject({
      contig: '19',
      contigLength: 42,
      start: 4,
      end: 40,
      sentences: 6,
      available: 6,
      symbols: 36,
      heterozygousSymbols: 5,
      leftOver: 0,
      ambiguousBases: 1,
      sites: 4,
      variedPositions: 4,
      variants: {
        common: 'flag',
        records: 10,
        used: 4,
        frequencies: { FREQ: 4 },
        ignored: {
          'not-common': 1,
          'reference-unknown': 1,
          'zero-frequency': 1,
          'reference-differs': 1,
          'not-a-sequence': 1,
          'no-alternative': 1,
        },
      },
    })
    expect(existsSync(join(folder, 'a.fa.fai'))).toBe(false)
  })

  it('is the same from a reference with an index, from gzip, from 2-byte line ends or one, and from a gzip VCF', async () => {
    const indexed = file('indexed.fa', fasta(LETTERS, 'NC_000019.9', '\n'))
    await buildIndex(indexed, {}, quietContext())
    const packed = file('packed.fa.gz', gzipSync(`>1\nACGT\n${fasta(LETTERS)}>19\nACGT\n>X\nAAAA\n`))
    const vcf = file('packed.vcf.gz', gzipSync(VCF))
    for (const change of [{ fa: indexed }, { fa: packed }, { vcf }]) expect((await run(request(change))).lines.join('')).toBe(EXPECTED) // biome-ignore format: one line
    expect(readdirSync(tmpdir()).filter(n => n.startsWith('diploscope-contig-') && existsSync(join(tmpdir(), n, 'bases')) && readFileSync(join(tmpdir(), n, 'bases'), 'latin1') === LETTERS)).toEqual([]) // biome-ignore format: one line
  })

  it('takes records in any order', async () => {
    const vcf = file('reversed.vcf', HEADER + ROWS.slice(1).toReversed().join(''))
    expect((await run(request({ vcf }))).lines.join('')).toBe(EXPECTED)
  })

  it('without a mark takes a minor allele of 1 % or more, or all on request', async () => {
    const rows = [row(5, 'A', 'C', 'AF=0.009'), row(7, 'G', 'T', 'AF=0.01'), row(8, 'T', 'C', 'DP=1')]
    const vcf = file('plain.vcf', HEADER + rows.join(''))
    const plain = await run(request({ vcf }))
    expect(plain.lines.join('').slice(0, 4)).toBe('AC个T')
    expect(plain.report.variants).toMatchObject({ common: 'frequency', used: 1, ignored: { 'not-common': 1, 'no-frequency': 1 } }) // biome-ignore format: one line
    const variants = { path: vcf, common: 'all' as const, frequencyKeys: FREQUENCY_KEYS }
    expect((await run(request({ variants }))).lines.join('').slice(0, 4)).toBe('嗄C个T')
  })

  it('haploid: letters only, with variants and without', async () => {
    const haploid = await run(request({ ploidy: 'haploid' }))
    expect(haploid.lines.join('')).toBe('ACGTACGTNCANNNGACGGATTACAGATTACAGGCC')
    const { variants: _none, ...plain } = request({ ploidy: 'haploid' })
    expect((await run(plain)).lines.join('')).toBe('ACGTACGTNCANNNTACGGATTACAGATTACAGGCC')
  })

  it('repeats byte for byte, in both samples; another seed gives others', async () => {
    const plan = { ...RULES.snp2vec, passes: 30, startMax: 30, minLength: 3, maxLength: 9, seed: 1 }
    for (const sample of ['fixed', 'hardy-weinberg'] as const) {
      const first = await run(request({ plan, sample }))
      expect((await run(request({ plan, sample }))).text).toBe(first.text)
      expect((await run(request({ plan: { ...plan, seed: 2 }, sample }))).text).not.toBe(first.text)
    }
  })

  it('sentences of Hardy-Weinberg passes differ at sites only', async () => {
    const plan = { ...RULES.thesis, passes: 40, startMax: 0, minLength: 36, maxLength: 36, seed: 1 }
    const { lines } = await run(request({ plan, sample: 'hardy-weinberg' }))
    expect(lines.length).toBe(40)
    const columns = Array.from({ length: 36 }, (_, i) => new Set(lines.map(l => l[i])))
    // Sites at 5, 10, 11, 19 of the contig and the R at 13, from 1.
    expect(columns.flatMap((c, i) => (c.size > 1 ? [i + 5] : []))).toEqual([5, 10, 11, 13, 19])
  })
})

describe('many pieces and chunks', () => {
  it('shuffled sentences of a 9 Mb contig are the plain ones in another order, and all are found in the reference', async () => {
    const random = new SeededRandom(1)
    const letters = Buffer.alloc(9_000_000)
    for (let i = 0; i < letters.length; i++) letters[i] = 'ACGT'.charCodeAt(random.integer(0, 4))
    // On one line, with no index: the spool; sentences end to end over the 4 Mb pieces.
    const fa = file('long.fa', Buffer.concat([Buffer.from('>2\n'), letters, Buffer.from('\n')]))
    const reference = letters.toString('latin1')
    const vcf = file('long.vcf', HEADER + row(4_000_000, reference[3_999_999]!, 'ACGT'.replace(reference[3_999_999]!, '')[0]!, 'AF=0.5', '2')) // biome-ignore format: one line
    const plan = { ...RULES.thesis, passes: 3, startMax: 100, minLength: 3000, maxLength: 5000, seed: 4 }
    const plain = await run(request({ fa, vcf, contig: '2', plan }))
    const shuffled = await run(request({ fa, vcf, contig: '2', plan: { ...plan, shuffled: true } }))
    expect(shuffled.lines).not.toEqual(plain.lines)
    expect(shuffled.lines.toSorted()).toEqual(plain.lines.toSorted())
    expect(plain.report.heterozygousSymbols).toBe(3)
    let at = reference.length
    let passes = 0
    for (const line of plain.lines) {
      const letters = [...line].map(c => (isHeterozygous(c) ? reference[3_999_999] : c)).join('')
      if (reference.length - at < 3000) {
        at = reference.indexOf(letters)
        expect(at >= 0 && at <= 100).toBe(true)
        passes++
      }
      if (!reference.startsWith(letters, at)) expect.unreachable(`sentence at ${at} is not the reference's`)
      at += letters.length
    }
    expect(passes).toBe(3)
  })
})

describe('what cannot be right is refused with its place', () => {
  const vcf = (...rows: string[]) => file('bad.vcf', HEADER + rows.join(''))
  it.each<[string, () => Partial<CorpusRequest> & { vcf?: string; fa?: string }, string, RegExp]>([
    ['no frequency at all', () => ({ vcf: vcf(row(5, 'A', 'C', 'DP=1;COMMON')) }), 'bad-input', /none of the 1 records .* has a frequency \(FREQ, CAF, AF, GMAF/],
    ['nothing left', () => ({ vcf: vcf(row(5, 'A', 'C', 'AF=0.001')) }), 'bad-input', /can be used \(1: not COMMON\)/],
    ['another build', () => ({ vcf: vcf(row(5, 'C', 'G', 'AF=0.5'), row(6, 'G', 'C', 'AF=0.5'), row(8, 'T', 'C', 'AF=0.5')) }), 'build', /2 of 3 records .* line 3 has C at 19:5, the reference A/],
    ['beyond the contig', () => ({ vcf: vcf(row(42, 'NA', 'C', 'AF=0.5')) }), 'build', /line 3 .* 19:42/],
    ['a frequency that is a word', () => ({ vcf: vcf(row(5, 'A', 'C', 'AF=high')) }), 'corrupt', /line 3 .* AF 'high'/],
    ['too few columns', () => ({ vcf: vcf('NC_000019.9\t5\trs\tA\tC\n') }), 'corrupt', /line 3 .* 5 columns/],
    ['a position that is none', () => ({ vcf: vcf(row(5, 'A', 'C', 'AF=0.5').replace('\t5\t', '\tx5\t')) }), 'corrupt', /line 3 .* position 'x5'/],
    ['no record of the contig', () => ({ vcf: vcf(row(5, 'A', 'C', 'AF=0.5', '7')) }), 'not-found', /no record of contig '19'; it has 7/],
    ['an absent contig', () => ({ contig: '4' }), 'not-found', /contig '4' .* it has 19/],
    ['a letter that is no nucleotide', () => ({ fa: file('bad.fa', fasta('ACGTACGTEACGT')) }), 'bad-input', /'E' at 19:9/],
    ['N only', () => ({ fa: file('bad.fa', fasta('NNNN')) }), 'bad-input', /no known base/],
    ['too short', () => ({ fa: file('bad.fa', fasta('NNNNACGTA')), vcf: vcf(row(5, 'A', 'C', 'AF=0.5')) }), 'bad-input', /5 bases .* too few for sentences of 6/],
    ['no FASTA', () => ({ fa: file('bad.fa', gzipSync('hello\n')) }), 'wrong-type', /line 1/],
    ['an absent file', () => ({ vcf: join(folder, 'absent.vcf') }), 'not-found', /absent/],
  ])('%s', async (_name, change, code, message) => {
    await expect(run(request(change()))).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  }) // biome-ignore format: a table

  it('ends when it is cancelled', async () => {
    const stop = AbortSignal.abort()
    await expect(runCorpus(request(), { signal: stop, report() {} }, async () => {})).rejects.toMatchObject({ code: 'cancelled' }) // biome-ignore format: one line
  })
})

const b37 = sharedData('reference/b37_chr1_1-1000000.fa.gz')
const dbsnp = sharedData('reference/b37_chr1_dbsnp135_exome.vcf')
describe.skipIf(!b37 || !dbsnp)('real sequence: b37 chromosome 1, dbSNP 135', () => {
  it('has a heterozygote at every site with one alternative and GMAF of 1 % or more, and the reference elsewhere', async () => {
    const plan = { ...RULES.thesis, passes: 1, startMax: 0, minLength: 1000, maxLength: 1000, seed: 1 }
    const variants = { path: dbsnp!, common: 'auto' as const, frequencyKeys: FREQUENCY_KEYS }
    const { report, lines } = await run(request({ fa: b37!, contig: 'NC_000001.10', variants, plan }))
    const reference = gunzipSync(readFileSync(b37!)).toString('latin1').split('\n').slice(1).join('').toUpperCase() // biome-ignore format: one line
    const begin = reference.search(/[^N]/)
    expect([report.start, begin]).toEqual([10_000, 10_000])
    const expected = [...reference.slice(begin)]
    const pairs: Record<string, string> = { AC: '嗄', AG: '阿', AT: '锕', CG: '嚓', CT: '礤', GT: '个' }
    let sites = 0
    for (const line of readFileSync(dbsnp!, 'utf8').split('\n')) {
      const [, position, , ref, alt, , , info] = line.split('\t')
      const minor = /(?:^|;)GMAF=([\d.]+)/.exec(info ?? '')?.[1]
      if (line.startsWith('#') || !minor || alt!.includes(',') || Number(minor) < 0.01) continue
      expected[Number(position) - 1 - begin] = pairs[[ref, alt].sort().join('')]!
      sites++
    }
    expect([report.sites, report.variants?.frequencies]).toEqual([sites, { GMAF: sites }])
    expect(sites).toBeGreaterThan(50)
    const digest = (text: string) => createHash('sha256').update(text).digest('hex')
    expect(digest(lines.join(''))).toBe(digest(expected.join('').slice(0, lines.length * 1000)))
  })
})
