import {
  APOE_SITES,
  APOE_THRESHOLDS,
  type ApoeReport,
  type ApoeThresholds,
  BASES,
  SPANNING_HAPLOTYPE,
  SPANNING_KEYS,
} from '../../../src-shared/genome/apoe.ts'
import { alleleFigure } from '../../../src-shared/report/alleleFigure.ts'
import { escapeMarkup as text } from '../../../src-shared/report/markup.ts'
import { oddsFigure } from '../../../src-shared/report/oddsFigure.ts'
import { phaseFigure } from '../../../src-shared/report/phaseFigure.ts'
import type { Provenance } from '../../../src-shared/report/provenance.ts'
import { REPORT_STYLE } from './style.ts'
import { htmlTable } from './table.ts'

/** What each threshold is called in the report. All of them are choices of this program. */
const THRESHOLD_NAMES: Readonly<Record<keyof ApoeThresholds, string>> = {
  minMappingQuality: 'Mapping quality at least',
  minBaseQuality: 'Base quality at least',
  maxBaseQuality: 'Base quality taken as at most',
  chimeraRate: 'Chance that a fragment is chimeric',
  minDepth: 'Depth at a site at least',
  minSiteQuality: 'Site quality at least',
  minConfidence: 'Confidence at least',
  minPhaseFragments: 'Spanning fragments that must agree for a phase',
  thirdAlleleReads: 'Reads of a third base that are a conflict',
  thirdAlleleFraction: 'and their share of the depth',
  conflictSpanning: 'Spanning fragments from which three haplotypes are a conflict',
  conflictSpanningFraction: 'and the share of each',
  imbalanceFraction: 'Share of the rarer allele under which a site is flagged',
  imbalanceDepth: 'and the depth from which',
  rnaSplicedFraction: 'Share of spliced reads from which a file is RNA',
  rnaCap: 'Highest quality of a homozygote, and confidence, from RNA',
}

/**
 * The APOE report as one HTML document: no script, no other resource, nothing that reaches out. Pure: the time is in the
 * provenance. Every picture has a table twin.
 */
export function apoeHtml(report: ApoeReport, provenance: Provenance): string {
  const sections = [callSection(report), evidenceSection(report), phaseSection(report), oddsSection(report)]
  sections.push(
    posteriorSection(report),
    limitsSection(report),
    thresholdSection(report),
    provenanceSection(provenance),
  )
  const synthetic = report.synthetic
    ? '<p class="warn"><strong>Synthetic data.</strong> These reads were made up by a program and belong to no person.</p>'
    : ''
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="generator" content="${text(`${provenance.program} ${provenance.version}`)}">
<title>APOE report: ${text(report.sample)}</title>
<style>${REPORT_STYLE}</style>
</head>
<body>
<header>
<h1>APOE report</h1>
<p class="faint">Sample ${text(report.sample)}${report.sampleFrom === 'file-name' ? ' (named after its file: the header names no sample)' : ''}, ${report.build}</p>
<p class="warn"><strong>Research use only.</strong> Not a diagnosis; not for treatment decisions; confirm in an accredited laboratory before anyone acts on it.</p>
${synthetic}
</header>
<main>
${sections.join('\n')}
</main>
<footer><p class="faint">Genetic data of a person: this report and the reads stay on the machine that made it unless someone copies them.</p></footer>
</body>
</html>
`
}

function callSection(report: ApoeReport): string {
  const { noCall } = report
  const shown = report.genotype ?? 'No call'
  const facts = report.genotype
    ? `<span>confidence <b>${report.confidence}</b> (Phred, at most 99)</span><span>phase <b>${report.phase}</b></span>`
    : `<span>reason: <b>${text(noCall?.code ?? '')}</b></span>`
  const why = noCall ? `<p class="warn"><strong>No call (${noCall.code}).</strong> ${text(noCall.message)}</p>` : ''
  const flags = report.flags.map(flag => `<p class="warn"><strong>Flag.</strong> ${text(flag)}</p>`).join('')
  const rna = report.rna.isRna
    ? `<p class="warn"><strong>RNA.</strong> ${report.rna.spliced} of ${report.rna.reads} reads in the gene are spliced; a homozygous site is expressed homozygosity, not proof.</p>`
    : ''
  const phase = report.genotype ? `<p>${text(report.phaseText)}</p>` : ''
  return `<section aria-labelledby="call"><h2 id="call">Call</h2>
<div class="call"><strong>${shown}</strong>${facts}</div>
${why}${phase}${rna}${flags}
<p class="faint">Expected number of e4 alleles from the whole posterior: ${report.e4Dosage.toFixed(3)} of 2${report.genotype ? '' : ' (not a call)'}.</p></section>`
}

function evidenceSection(report: ApoeReport): string {
  const rows = APOE_SITES.map(site => ({ name: site, ...report.sites[site] }))
  const place = (r: (typeof rows)[number]) => `${r.contig}:${r.position.toLocaleString('en-US')}`
  const main = htmlTable(
    'Evidence at both sites. Depth holds no gaps; quality is Phred-scaled, at most 99.',
    [{ name: 'Site' }, { name: `Position (${report.build})` }, { name: 'Depth', numeric: true }, { name: 'Genotype' }, { name: 'Quality', numeric: true }, { name: 'Rarer allele', numeric: true }, { name: 'Fragments', numeric: true }], // biome-ignore format: a table
    rows.map(r => [r.name, place(r), r.depth, r.genotype ?? 'none', r.quality, r.minorFraction === null ? '' : `${(r.minorFraction * 100).toFixed(1)} %`, r.fragments]), // biome-ignore format: a table
  )
  const strands = htmlTable(
    'The picture in numbers: reads by base and strand',
    [{ name: 'Site and strand' }, ...BASES.map(name => ({ name, numeric: true }))],
    rows.flatMap(r =>
      (['forward', 'reverse'] as const).map(s => [`${r.name} ${s}`, ...BASES.map(b => r.strands[s][b])]),
    ),
  )
  const removed = rows.map(r => {
    const why = Object.entries(r.removed).map(([reason, n]) => `${n} ${reason}`)
    return `<li>${r.name}: ${r.segments} reads in the column, ${r.deletions} deleted and ${r.refskips} spliced over the site, ${r.otherLetters} with another letter; not counted: ${text(why.join(', ') || 'none')}.</li>`
  })
  return `<section aria-labelledby="evidence"><h2 id="evidence">Evidence</h2>
${main}
<figure>${alleleFigure(report)}<figcaption>Reads by base and strand. Each bar has its numbers beside it.</figcaption></figure>
${strands}
<ul>${removed.join('')}</ul></section>`
}

function phaseSection(report: ApoeReport): string {
  const rows = SPANNING_KEYS.map(k => [`${k[0]}-${k[1]}`, SPANNING_HAPLOTYPE[k], report.spanning[k]])
  if (report.spanning.other > 0) rows.push(['another base', 'none', report.spanning.other])
  return `<section aria-labelledby="phase"><h2 id="phase">Phase</h2>
<figure>${phaseFigure(report)}<figcaption>Fragments (read names) that show both sites, by the haplotype they show.</figcaption></figure>
${htmlTable('The picture in numbers', [{ name: 'rs429358-rs7412' }, { name: 'Haplotype' }, { name: 'Fragments', numeric: true }], rows)}
</section>`
}

function oddsSection(report: ApoeReport): string {
  const { oddsRatios, genotype } = report
  const picture =
    genotype && oddsRatios.length > 0
      ? `<figure>${oddsFigure(genotype, oddsRatios)}<figcaption>Square: odds ratio; line: 95 % confidence interval.</figcaption></figure>
${htmlTable(
  'The picture in numbers. No row is the default; the program does not infer ancestry.',
  [
    { name: 'Ancestry, as the study names it' },
    { name: 'Odds ratio', numeric: true },
    { name: '95 % interval' },
    { name: 'Source' },
    { name: 'Study size' },
  ],
  oddsRatios.map(o => [
    o.ancestry,
    o.value.toFixed(1),
    `${o.ci[0].toFixed(1)} to ${o.ci[1].toFixed(1)}`,
    o.source,
    o.studySize,
  ]),
)}`
      : ''
  return `<section aria-labelledby="odds"><h2 id="odds">Odds ratios in published studies, against e3/e3</h2>
${picture}<p>${text(report.oddsRatiosText)}</p></section>`
}

function posteriorSection(report: ApoeReport): string {
  const rows = Object.entries(report.posterior).map(([d, p]) => [d, shownProbability(p)])
  const prior = Object.entries(report.prior).map(([h, p]) => `${h} ${p}`).join(', ') // biome-ignore format: one line
  return `<section aria-labelledby="posterior"><h2 id="posterior">Posterior of the diplotypes</h2>
${htmlTable('Every diplotype with a probability of at least 0.001', [{ name: 'Diplotype' }, { name: 'Probability', numeric: true }], rows)}
<p class="faint">Prior (a choice of this program, not specific to an ancestry): ${text(prior)}, in Hardy-Weinberg proportion.</p></section>`
}

/** Rounding must not make a certainty of it. */
const shownProbability = (p: number) => (p > 0.99999 ? 'over 0.99999' : p.toFixed(5))

function limitsSection(report: ApoeReport): string {
  return `<section aria-labelledby="limits"><h2 id="limits">What this does not mean</h2>
<ol>${report.limits.map(limit => `<li>${text(limit)}</li>`).join('\n')}</ol></section>`
}

function thresholdSection(report: ApoeReport): string {
  const rows = (Object.keys(THRESHOLD_NAMES) as (keyof ApoeThresholds)[]).map(key => {
    const changed = report.thresholds[key] !== APOE_THRESHOLDS[key]
    return [THRESHOLD_NAMES[key], String(report.thresholds[key]), changed ? `set by the user (usually ${APOE_THRESHOLDS[key]})` : 'ours'] // biome-ignore format: one line
  })
  return `<section aria-labelledby="thresholds"><h2 id="thresholds">Thresholds</h2>
${htmlTable('What decided this answer. Ours: a choice of this program, not of a standard.', [{ name: 'Threshold' }, { name: 'Value', numeric: true }, { name: 'Origin' }], rows)}</section>`
}

function provenanceSection({ program, version, createdAt, files, options }: Provenance): string {
  const listed = files.map(f => [`${f.role}: ${f.name}`, f.sizeBytes, `${f.algorithm} ${f.hash}`])
  const chosen = Object.entries(options).map(([k, v]) => `${k} ${v}`).join(', ') // biome-ignore format: one line
  return `<section aria-labelledby="provenance"><h2 id="provenance">Provenance</h2>
<p>${text(`${program} ${version}`)}, made at ${text(createdAt)}. Options: ${text(chosen || 'defaults')}.</p>
${htmlTable('Files', [{ name: 'File' }, { name: 'Bytes', numeric: true }, { name: 'Hash', code: true }], listed)}
<p class="faint">sha256-of-ends: of the file's size, first and last 8 MiB, for files too large to be read whole.</p></section>`
}
