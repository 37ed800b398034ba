import { APOE_SITES, type ApoeReport, BASES, SPANNING_KEYS } from '../../../src-shared/genome/apoe.ts'

/** The report for a terminal: the call, the evidence, what it does not mean. */
export function apoeText(report: ApoeReport): string {
  const { noCall, genotype } = report
  const lines = [
    `Sample     ${report.sample}  (${report.build})`,
    genotype
      ? `APOE       ${genotype}  confidence ${report.confidence}, phase ${report.phase}`
      : `APOE       no call: ${noCall?.code}`,
  ]
  if (noCall) lines.push(`           ${noCall.message}`)
  for (const site of APOE_SITES) {
    const s = report.sites[site]
    const counts = BASES.map(b => `${b} ${s.counts[b]}`).join('  ')
    const called = s.genotype ? `${s.genotype} quality ${s.quality}` : 'no base seen'
    lines.push(
      `${site.padEnd(11)}${s.contig}:${s.position.toLocaleString('en-US')}  depth ${s.depth}  ${counts}  ${called}`,
    )
  }
  lines.push(`Spanning   ${SPANNING_KEYS.map(k => `${k[0]}-${k[1]} ${report.spanning[k]}`).join('  ')}`)
  const posterior = Object.entries(report.posterior).map(([d, p]) => `${d} ${p}`)
  lines.push(`Posterior  ${posterior.join('  ')}  (e4 dosage ${report.e4Dosage})`)
  for (const o of report.oddsRatios)
    lines.push(`Odds ratio ${o.value.toFixed(1)} (${o.ci[0].toFixed(1)}-${o.ci[1].toFixed(1)}) against e3/e3, ${o.ancestry}; ${o.source}; ${o.studySize}`) // biome-ignore format: one line
  lines.push(`           ${report.oddsRatiosText}`, '', 'What this does not mean', ...report.limits.map(l => `- ${l}`))
  return `${lines.join('\n')}\n`
}
