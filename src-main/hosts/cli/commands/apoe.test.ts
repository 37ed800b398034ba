import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { runCommand } from '../../../../test-support/run-command.ts'
import { writeTwoBit } from '../../../readers/twobitWriter.ts'
import { findBrowser } from '../../headless/browsers.ts'
import { command as apoe } from './apoe.ts'
import { command as diplotype } from './diplotype.ts'

const demo = (name: string) => resolve(import.meta.dirname, '../../../../assets/demo', name)
const carrier = demo('synthetic-e3e4.bam')
const folder = mkdtempSync(join(tmpdir(), 'diploscope-cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))

const run = runCommand

describe('apoe', () => {
  it('prints one JSON document with the fields that scripts rely on; exit 0', async () => {
    const { code, out } = await run(apoe, carrier, '--json')
    expect(code).toBe(0)
    const parsed = JSON.parse(out)
    expect(parsed).toMatchObject({ build: 'GRCh38', sample: 'SYN-E3E4', genotype: 'e3/e4', phase: 'unambiguous', noCall: null }) // biome-ignore format: one line
    expect(parsed.sites.rs429358).toMatchObject({ contig: 'chr19', position: 44_908_684, genotype: 'C/T' })
    expect(Object.keys(parsed.sites.rs7412.counts)).toEqual(['A', 'C', 'G', 'T'])
    expect(parsed.posterior['e3/e4']).toBeGreaterThan(0.999)
    expect(parsed.e4Dosage).toBeCloseTo(1, 3)
    expect(parsed.oddsRatios[0]).toMatchObject({ value: 3.2, ci: [2.8, 3.8] })
    expect((await run(apoe, carrier, '--json')).out).toBe(out)
  })

  it('exits 5 on a no-call, with everything else still given', async () => {
    const { code, out } = await run(apoe, carrier, '--json', '--min-depth', '200')
    expect(code).toBe(5)
    const parsed = JSON.parse(out)
    expect(parsed).toMatchObject({ genotype: null, phase: 'none', noCall: { code: 'low-depth' }, oddsRatios: [] })
    expect(parsed.noCall.message).toContain('200')
    expect(parsed.sites.rs429358.depth).toBeGreaterThan(20)
    const shown = await run(apoe, carrier, '--min-depth', '200')
    expect(shown.out).toContain('no call: low-depth')
  })

  it('writes the report with provenance, as HTML or JSON by its name', async () => {
    const html = join(folder, 'r.html')
    const json = join(folder, 'r.json')
    await run(apoe, carrier, '--report', html)
    await run(apoe, carrier, '--report', json)
    expect(readFileSync(html, 'utf8')).toContain('synthetic-e3e4.bam')
    const { provenance } = JSON.parse(readFileSync(json, 'utf8'))
    expect(provenance.files[0].hash).toMatch(/^[0-9a-f]{64}$/)
    expect(provenance.options).toMatchObject({ build: 'auto', minDepth: 8 })
  })

  it('refuses a report whose ending says no format, before any file is read', async () => {
    for (const name of ['r', 'r.htm', 'r.docx', 'json'])
      await expect(run(apoe, 'none.bam', '--report', join(folder, name))).rejects.toMatchObject({ code: 'wrong-usage' })
  })

  // Truth: the magic bytes of a PDF (ISO 32000-1, 7.5.2), printed by the browser that is installed here.
  it.skipIf(!findBrowser())(
    'prints the report as PDF',
    async () => {
      const pdf = join(folder, 'r.PDF')
      expect((await run(apoe, carrier, '--report', pdf)).code).toBe(0)
      expect(readFileSync(pdf).subarray(0, 5).toString('latin1')).toBe('%PDF-')
    },
    60_000,
  )

  it('refuses wrong usage and the wrong build with a code', async () => {
    await expect(run(apoe)).rejects.toMatchObject({ code: 'wrong-usage' })
    await expect(run(apoe, carrier, '--build', 'hg19')).rejects.toMatchObject({ code: 'wrong-usage' })
    await expect(run(apoe, carrier, '--min-depth', '0')).rejects.toMatchObject({ code: 'wrong-usage' })
    await expect(run(apoe, carrier, '--build', 'GRCh37')).rejects.toMatchObject({ code: 'build' })
    await expect(run(apoe, join(folder, 'none.bam'))).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('arguments of every command', () => {
  it('refuses what would be ignored in silence: an option given twice, an empty path, threads that are no number', async () => {
    const refused = (...argv: string[]) =>
      expect(run(diplotype, ...argv)).rejects.toMatchObject({ code: 'wrong-usage' })
    await refused(carrier, '--region', 'chr19:1-5', '--region', 'chr19:6-9')
    await refused(carrier, '--region', 'chr19:1-5', '--out', '')
    await refused('', '--region', 'chr19:1-5')
    for (const threads of ['x', '0', '1.5', '-1'])
      await refused(carrier, '--region', 'chr19:1-5', `--threads=${threads}`)
    expect((await run(diplotype, carrier, '--region', 'chr19:44908680-44908688', '--threads', '2')).code).toBe(0)
  })
})

describe('diplotype', () => {
  it('prints one line, one character a base, heterozygous at rs429358', async () => {
    const { code, out, notes } = await run(diplotype, carrier, '--region', 'chr19:44,908,680-44,908,688')
    expect(code).toBe(0)
    expect(out).toMatch(/^.{9}\n$/u)
    expect([...out][4]).toBe('礤')
    expect(notes[0]).toContain('9 of 9 positions covered')
    expect(notes[1]).toContain('warning') // one of nine
  })

  it('prints a table, and fills from the reference what nothing covers', async () => {
    const tsv = await run(diplotype, carrier, '--region', '19:44908684-44908684', '--format', 'tsv')
    expect(tsv.out).toMatch(/^contig\tpos\talleles\tchar\tdepth\tquality\nchr19\t44908684\tC\/T\t礤\t\d+\t99\.0\n$/)
    const beyond = ['--region', 'chr19:44890001-44890003']
    const bare = await run(diplotype, carrier, ...beyond, '--min-base-quality', '90')
    expect(bare.out).toBe('NNN\n')
    const filled = await run(diplotype, carrier, ...beyond, '--min-base-quality', '90', '--reference', demo('synthetic-chr19.fa.gz'), '--fill', 'reference') // biome-ignore format: one line
    expect(filled.out).toMatch(/^[ACGT]{3}\n$/)
    expect(filled.notes[0]).toContain('3 of them filled')
    await expect(run(diplotype, carrier, ...beyond, '--fill', 'reference')).rejects.toMatchObject({
      code: 'wrong-usage',
    })
  })

  // Truth: NCBI's assembly reports: NC_000019.9 is GRCh37, NC_000019.10 is GRCh38.
  it('cautions where the region names the other build than the header has', async () => {
    const region = (name: string) => run(diplotype, carrier, '--region', `${name}:44908680-44908688`)
    expect((await region('NC_000019.9')).notes[0]).toMatch(/^caution: NC_000019.9 is chromosome 19 of GRCh37/)
    expect((await region('NC_000019.10')).notes.join()).not.toContain('caution')
    expect((await region('19')).notes.join()).not.toContain('caution')
    expect((await region('NC_000019.9')).out).toBe((await region('chr19')).out)
  })

  // Truth: a reference of one base more, as another build's would be, and one without the contig.
  it('fills from the reference of the reads only', async () => {
    const fill = async (name: string, length: number) => {
      const path = join(folder, `${name}-${length}.2bit`)
      writeFileSync(path, writeTwoBit([{ name, length, runs: [] }]))
      return run(diplotype, carrier, '--region', 'chr19:1-5', '--fill', 'reference', '--reference', path)
    }
    expect((await fill('19', 58_617_616)).out).toBe('NNNNN\n')
    await expect(fill('chr19', 59_128_983)).rejects.toMatchObject({ code: 'build' })
    await expect(fill('chr20', 58_617_616)).rejects.toMatchObject({ code: 'no-reference' })
  })

  it('ends at the end of the contig, and says so', async () => {
    const { out, notes } = await run(diplotype, carrier, '--region', 'chr19:58617615-58617700')
    expect(out).toBe('NN\n')
    expect(notes[0]).toContain('ends at the contig')
    await expect(run(diplotype, carrier, '--region', 'chr20:1-5')).rejects.toMatchObject({ code: 'not-found' })
    await expect(run(diplotype, carrier, '--region', 'chr19:58617617-58617700')).rejects.toMatchObject({
      code: 'region',
    })
  })

  it('prints one JSON document when asked', async () => {
    const { out } = await run(diplotype, carrier, '--region', 'chr19:44908680-44908688', '--json')
    expect(JSON.parse(out)).toMatchObject({
      contig: 'chr19',
      start: 44_908_680,
      end: 44_908_688,
      covered: 9,
      heterozygous: 1,
    })
  })
})
