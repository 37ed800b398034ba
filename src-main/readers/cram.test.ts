import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { quietContext } from '../../src-shared/job.ts'
import { sharedData } from '../../test-support/shared-data.ts'
import type { AlignmentFile } from './alignments.ts'
import { openCram } from './cram.ts'
import { samLines } from './samText.ts'
import { hasSamtools, random, samtools, testFolder } from './testFiles.ts'

const at = testFolder()

async function lines(file: AlignmentFile, contig: string, start = 0, end = 2 ** 31 - 1): Promise<string[]> {
  const out: string[] = []
  for await (const batch of file.reads({ contig, start, end }, quietContext()))
    out.push(...samLines(batch, file.header.contigs))
  return out
}

/** `samtools view` of a region, first eleven fields. */
const viewed = (...args: string[]) =>
  samtools('view', ...args)
    .split('\n')
    .filter(Boolean)
    .map(line => line.split('\t').slice(0, 11).join('\t'))

/** Two contigs, and reads with every CIGAR operation, pairs, mates on another contig, unmapped mates, no names' worth, `*`. */
function simulate(): { fasta: string; sam: string } {
  const next = random(3)
  const genome = { chrA: 9000, chrB: 4000 }
  const bases = Object.fromEntries(Object.entries(genome).map(([name, n]) => [name, Array.from({ length: n }, () => 'ACGTN'[next(1000) ? next(4) : 4]).join('')])) // biome-ignore format: one line
  const fasta = Object.entries(bases).map(([name, s]) => `>${name}\n${s.match(/.{1,50}/g)!.join('\n')}\n`).join('') // biome-ignore format: one line
  const cigars = ['60M', '10S50M', '3H57M3S', '20M2I38M', '20M5D40M', '25M900N35M', '10M1I5M1I43M', '30M2D1I29M', '5M2P1I54M', '30=1X29=', '2I58M', '59M1S', '60M'] // biome-ignore format: one line
  const rows: { contig: string; start: number; text: string }[] = []
  const read = (name: string, flags: number, contig: string, start: number, cigar: string, mate: string) => {
    let sequence = ''
    let reference = start
    for (const [, count, operation] of cigar.matchAll(/(\d+)([MIDNSHP=X])/g)) {
      const n = Number(count)
      if ('M='.includes(operation!))
        sequence += bases[contig]!.slice(reference, reference + n).replace(/[ACGT]/g, b => (next(25) ? b : 'ACGTN'[next(5)]!)) // biome-ignore format: one line
      else if (operation === 'X') sequence += 'ACGT'[('ACGT'.indexOf(bases[contig]![reference]!) + 1) % 4]!.repeat(n)
      else if ('IS'.includes(operation!)) sequence += Array.from({ length: n }, () => 'ACGT'[next(4)]).join('')
      if ('MDN=X'.includes(operation!)) reference += n
    }
    const qualities = Array.from(sequence, () => String.fromCharCode(33 + next(41))).join('')
    const bare = next(40) === 0
    const text = [name, flags, contig, start + 1, next(61), cigar, mate, bare ? '*' : sequence, bare ? '*' : next(30) ? qualities : '*'] // biome-ignore format: one line
    rows.push({ contig, start, text: `${text.join('\t')}\tNM:i:1\tXZ:Z:text\tXB:B:s,1,-2\n` })
  }
  for (let i = 0; i < 900; i++) {
    const contig = next(4) ? 'chrA' : 'chrB'
    const start = next(genome[contig as 'chrA'] - 1100)
    const far = Math.min(genome[contig as 'chrA'] - 1000, start + next(4) * 40)
    const kind = next(10)
    const cigar = () => cigars[next(cigars.length)]!
    if (kind < 6) {
      const [first, second] = next(2) ? [99, 147] : [163, 83]
      const extra = next(20) ? 0 : 1024
      const length = far - start + 60
      read(`p${i}`, first! | extra, contig, start, cigar(), `=\t${far + 1}\t${length}`)
      read(`p${i}`, second! | extra, contig, far, cigar(), `=\t${start + 1}\t${-length}`)
    } else if (kind < 8) read(`s${i}`, next(2) * 16 + (next(8) ? 0 : 256), contig, start, cigar(), '*\t0\t0')
    else if (kind === 8) read(`d${i}`, 65, contig, start, cigar(), `${contig === 'chrA' ? 'chrB' : 'chrA'}\t77\t0`)
    else {
      read(`u${i}`, 73, contig, start, cigar(), `=\t${start + 1}\t0`)
      rows.push({
        contig,
        start,
        text: `u${i}\t133\t${contig}\t${start + 1}\t0\t*\t=\t${start + 1}\t0\tACGTN\tIIII#\n`,
      })
    }
  }
  rows.sort((a, b) => (a.contig === b.contig ? a.start - b.start : a.contig < b.contig ? -1 : 1))
  const header = `@HD\tVN:1.6\tSO:coordinate\n@SQ\tSN:chrA\tLN:9000\n@SQ\tSN:chrB\tLN:4000\n@RG\tID:g\tSM:simulated\n`
  return { fasta, sam: header + rows.map(r => r.text).join('') }
}

describe.skipIf(!hasSamtools)('openCram against samtools view (truth: samtools, live, on simulated reads)', () => {
  const kinds: Record<string, string> = {
    '2.1': 'cram,version=2.1',
    '3.0': 'cram,version=3.0',
    '3.1': 'cram,version=3.1,small',
    'many slices': 'cram,version=3.0,seqs_per_slice=50',
    'slices of several contigs': 'cram,version=3.0,multi_seq_per_slice=1,seqs_per_slice=5000',
    'names not kept': 'cram,version=3.0,lossy_names=1',
    'without reference': 'cram,version=3.0,no_ref=1',
    'with its own reference': 'cram,version=3.0,embed_ref=1',
    archived: 'cram,version=3.0,archive',
    'bzip2 and lzma': 'cram,version=3.0,use_bzip2=1,use_lzma=1',
  }
  const { fasta, sam } = simulate()
  const write = () => {
    writeFileSync(at('g.fa'), fasta)
    writeFileSync(at('r.sam'), sam)
    samtools('faidx', at('g.fa'))
  }

  it.each(Object.entries(kinds))('%s', async (kind, format) => {
    write()
    const path = at(`${kind.replaceAll(' ', '-')}.cram`)
    samtools('view', '-O', format, '-T', at('g.fa'), '-o', path, at('r.sam'))
    samtools('index', path)
    const own = kind.startsWith('with')
    const file = await openCram(path, own ? {} : { reference: at('g.fa') })
    expect(file.header.samples).toEqual(['simulated'])
    let compared = 0
    const regions: [string, number, number][] = [['chrA', 0, 9000], ['chrB', 0, 4000], ['chrB', 3990, 4000], ['chrA', 0, 1]] // biome-ignore format: one line
    const next = random(9)
    for (let i = 0; i < 10; i++) {
      const start = next(8900)
      regions.push(['chrA', start, start + 1 + next(i % 2 ? 3 : 100)])
    }
    for (const [contig, start, end] of regions) {
      const theirs = viewed('-T', at('g.fa'), path, `${contig}:${start + 1}-${end}`)
      expect(await lines(file, contig, start, end), `${contig}:${start + 1}-${end}`).toEqual(theirs)
      compared += theirs.length
    }
    expect(compared).toBeGreaterThan(1300)
    await file.close()
  })
})

describe('openCram on fixtures (truth: what samtools 1.16.1 read from them, test-data/cram/make.sh)', () => {
  const fixture = (name: string) => resolve(import.meta.dirname, '../../test-data/cram', name)
  it.each(['version30', 'version21'])('%s', async name => {
    for (const part of ['genome.fa', 'genome.fa.fai', `${name}.cram`, `${name}.cram.crai`])
      copyFileSync(fixture(part), at(part))
    const expected = readFileSync(fixture(`${name}.expected.tsv`), 'utf8')
      .trimEnd()
      .split('\n')
    const file = await openCram(at(`${name}.cram`), { reference: at('genome.fa') })
    expect([...(await lines(file, 'chrA')), ...(await lines(file, 'chrB'))]).toEqual(expected)
    // A read whose last base is the first of the range, and one whose first base is its last, are in it.
    const row = expected.map(line => line.split('\t')).find(f => f[2] === 'chrA' && f[5] === '60M')!
    const [start, end] = [Number(row[3]) - 1, Number(row[3]) + 59]
    for (const [from, to, there] of [
      [end - 1, end, true],
      [end, end + 1, false],
      [start, start + 1, true],
      [start - 1, start, false],
    ] as const) {
      // biome-ignore format: one line
      const names = (await lines(file, 'chrA', from, to)).map(line => line.split('\t').slice(0, 4).join(' '))
      expect(names.includes(row.slice(0, 4).join(' '))).toBe(there)
    }
    await file.close()
  })
})

describe('openCram refuses', () => {
  it.skipIf(!hasSamtools)('another sequence than the one it was packed with, naming the contig', async () => {
    const { fasta, sam } = simulate()
    writeFileSync(at('h.fa'), fasta)
    writeFileSync(at('h.sam'), sam)
    samtools('view', '-C', '-T', at('h.fa'), '-o', at('h.cram'), at('h.sam'))
    samtools('index', at('h.cram'))
    const altered = fasta.replace(/(>chrB\n.{10})(.)/, (_, before: string, base: string) => before + (base === 'A' ? 'C' : 'A')) // biome-ignore format: one line
    writeFileSync(at('other.fa'), altered)
    writeFileSync(at('short.fa'), fasta.replace(/[ACGTN]{20}\n$/, '\n'))
    for (const name of ['other.fa', 'short.fa']) samtools('faidx', at(name))
    for (const name of ['other.fa', 'short.fa']) {
      const file = await openCram(at('h.cram'), { reference: at(name) })
      expect((await lines(file, 'chrA')).length).toBeGreaterThan(100)
      await expect(lines(file, 'chrB')).rejects.toMatchObject({ code: 'no-reference', message: expect.stringContaining("'chrB'") }) // biome-ignore format: one line
      await file.close()
    }
  })

  const cram = sharedData('cram/igvjs/na12889.cram')
  it.skipIf(!cram)('a file without index, without its end, and of another reference', async () => {
    copyFileSync(cram!, at('x.cram'))
    await expect(openCram(at('x.cram'))).rejects.toMatchObject({ code: 'no-index' })
    copyFileSync(`${cram!}.crai`, at('x.cram.crai'))
    const file = await openCram(at('x.cram'))
    await expect(lines(file, 'chr1')).rejects.toMatchObject({ code: 'no-reference', message: expect.stringContaining("'chr1'") }) // biome-ignore format: one line
    await expect(lines(file, 'chr9')).rejects.toMatchObject({ code: 'not-found' })
    await file.close()
    writeFileSync(at('cut.cram'), readFileSync(cram!).subarray(0, -38))
    copyFileSync(`${cram!}.crai`, at('cut.cram.crai'))
    await expect(openCram(at('cut.cram'))).rejects.toMatchObject({ code: 'truncated' })
    copyFileSync(join(`${cram!}`, '../archived.cram.crai'), at('x.cram.crai'))
    await expect(openCram(at('x.cram'))).rejects.toMatchObject({ code: 'bad-index' })
  })
})
