import { describe, expect, it } from 'vitest'
import { APOE_THRESHOLDS, type ApoeReport } from '../../../src-shared/genome/apoe.ts'
import { alleleFigure } from '../../../src-shared/report/alleleFigure.ts'
import { roundSteps } from '../../../src-shared/report/markup.ts'
import { oddsFigure } from '../../../src-shared/report/oddsFigure.ts'
import { phaseFigure } from '../../../src-shared/report/phaseFigure.ts'
import type { Provenance } from '../../../src-shared/report/provenance.ts'
import { madeColumns } from '../../../test-support/apoe-columns.ts'
import { siteEvidence } from '../apoe/evidence.ts'
import { type ApoeSubject, typeApoe } from '../apoe/result.ts'
import { apoeHtml } from './apoeHtml.ts'
import { apoeJson } from './apoeJson.ts'

const provenance: Provenance = {
  program: 'Diploscope',
  version: '0.1.0',
  createdAt: '2026-01-02T03:04:05Z',
  files: [{ role: 'reads', name: 'a.bam', sizeBytes: 1234, algorithm: 'sha256', hash: 'abcd' }],
  options: { build: 'auto' },
}

function made(columns: Parameters<typeof madeColumns>, subject: Partial<ApoeSubject> = {}): ApoeReport {
  const c = madeColumns(...columns)
  return typeApoe(
    { rs429358: siteEvidence(c.rs429358, APOE_THRESHOLDS), rs7412: siteEvidence(c.rs7412, APOE_THRESHOLDS) },
    {
      build: 'GRCh38',
      buildConfirmed: true,
      samples: ['S1'],
      fileName: 'a.bam',
      synthetic: false,
      geneReads: { reads: 0, spliced: 0 },
      rna: false,
      ...subject,
    },
    APOE_THRESHOLDS,
  )
}

const carrier = made([{ T: 14, C: 11 }, { C: 24 }, ['TC', 'CC', 'TC']])
const nothing = made([{ T: 3 }, {}])

describe('the HTML report', () => {
  const html = apoeHtml(carrier, provenance)

  it('stands alone: no script, no address outside, a policy that forbids both', () => {
    expect(html).toContain("default-src 'none'")
    expect(html).not.toMatch(/<script|<link|<img|<iframe|<object|@import|url\(|\son\w+=/i)
    const addresses = [...html.matchAll(/https?:\/\/[^"'\s<]+/g)].map(m => m[0])
    expect(new Set(addresses)).toEqual(new Set(['http://www.w3.org/2000/svg'])) // a namespace, never fetched
  })

  it('states the call, the evidence, the limits and where it comes from', () => {
    for (const words of ['e3/e4', 'read', 'chr19:44,908,684', 'chr19:44,908,822', 'GRCh38', 'Research use only', 'S1', 'unambiguous', 'abcd', '2026-01-02T03:04:05Z', '0.1.0', 'Caucasian', '2.8 to 3.8', '5,930', 'a choice of this program', 'over 0.99999', 'No validated model is loaded', 'stays on this machine']) // biome-ignore format: a list
      expect(html).toContain(words)
    expect(html).not.toContain('Synthetic data')
  })

  it('gives every picture a role, a name in words and a table twin', () => {
    const pictures = [...html.matchAll(/<svg[^>]*role="img"[^>]*aria-label="([^"]+)"/g)]
    expect(pictures).toHaveLength(3)
    for (const picture of pictures) expect(picture[1]!.length).toBeGreaterThan(40)
    expect([...html.matchAll(/The picture in numbers/g)].length).toBeGreaterThanOrEqual(6) // caption and region label
    expect(html).toContain('<html lang="en">')
    expect(html).toContain('prefers-color-scheme: dark')
    expect(html).toContain('size: A4')
  })

  it('escapes what files and users say', () => {
    const nasty = '<img src=x onerror="alert(1)">&\'\u0001'
    const page = apoeHtml(made([{ T: 20 }, { C: 20 }], { samples: [nasty, 'b'] }), { ...provenance, files: [{ ...provenance.files[0]!, name: nasty }], options: { [nasty]: nasty } }) // biome-ignore format: one line
    expect(page).not.toContain('<img')
    expect(page).not.toContain('\u0001')
    expect(page).toContain('&#60;img src=x')
  })

  it('says no call, why, and shows no odds ratio', () => {
    const page = apoeHtml(nothing, provenance)
    expect(page).toContain('No call (not-covered)')
    expect(page).toContain('0 reads count at rs7412')
    expect(page).not.toContain('Caucasian')
    expect([...page.matchAll(/<svg/g)]).toHaveLength(2)
  })

  it('labels synthetic samples and RNA at the top', () => {
    const page = apoeHtml(made([{ T: 20 }, { C: 20 }], { synthetic: true, rna: true }), provenance)
    expect(page.indexOf('Synthetic data.')).toBeLessThan(page.indexOf('id="call"'))
    expect(page).toContain('<strong>RNA.</strong>')
  })

  it('has balanced tags', () => {
    const open: string[] = []
    for (const [, close, name, self] of html
      .replace(/<!doctype html>|<meta[^>]*>/g, '')
      .matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*?(\/?)>/gi)) {
      // biome-ignore format: one line
      if (self) continue
      if (!close) open.push(name!)
      else expect(open.pop()).toBe(name)
    }
    expect(open).toEqual([])
  })

  it('is the same every time', () => {
    expect(apoeHtml(carrier, provenance)).toBe(html)
  })
})

describe('figures', () => {
  it('draws bars in proportion to the reads: the closed form of their widths', () => {
    const svg = alleleFigure({ sites: { ...carrier.sites, rs7412: { ...carrier.sites.rs7412, strands: { forward: { A: 0, C: 40, G: 0, T: 0 }, reverse: { A: 0, C: 10, G: 0, T: 10 } } } } }) // biome-ignore format: one line
    const widths = [...svg.matchAll(/<rect[^>]*width="([\d.]+)"/g)].map(m => Number(m[1]))
    expect(Math.max(...widths)).toBeCloseTo(680 - 92 - 150, 1)
    expect(widths.filter(w => Math.abs(w - (680 - 92 - 150) / 4) < 0.02)).toHaveLength(2)
  })

  it('puts odds ratios on a log axis: equal ratios, equal distances', () => {
    const one = (value: number) => ({ ancestry: 'x', value, ci: [value / 1.1, value * 1.1] as const, source: 's', studySize: '1' }) // biome-ignore format: one line
    const svg = oddsFigure('e3/e4', [one(0.5), one(2), one(8)])
    const xs = [...svg.matchAll(/<rect x="([\d.]+)"/g)].map(m => Number(m[1]))
    expect(xs[1]! - xs[0]!).toBeCloseTo(xs[2]! - xs[1]!, 1)
    expect(oddsFigure('e1/e3', [])).toBe('')
  })

  it('names the called haplotypes in words, not by colour alone', () => {
    const svg = phaseFigure(carrier)
    expect(svg.match(/✓ called/g)).toHaveLength(2)
    expect(svg).toContain('e3 (T-C): 2, in the call')
    expect(phaseFigure(nothing)).not.toContain('✓ called')
  })

  it('has round axis steps', () => {
    expect(roundSteps(40, 5)).toEqual([0, 10, 20, 30, 40])
    expect(roundSteps(7, 5)).toEqual([0, 2, 4, 6])
    expect(roundSteps(1, 5)).toEqual([0, 1])
  })
})

it('the JSON report holds the fields that scripts rely on', () => {
  const parsed = JSON.parse(apoeJson(carrier, provenance)) as Record<string, unknown>
  for (const key of ['build', 'sample', 'genotype', 'confidence', 'phase', 'sites', 'posterior', 'e4Dosage', 'noCall', 'oddsRatios', 'limits', 'provenance']) // biome-ignore format: a list
    expect(parsed).toHaveProperty(key)
  expect(parsed['sites']).toMatchObject({ rs429358: { contig: 'chr19', position: 44908684, depth: 28 } })
})
