import { formatLocus } from '../../../src-shared/genome/locus.ts'
import { CELL } from '../../../src-shared/genome/scan.ts'
import { baseCode } from '../../analyses/oneHot.ts'
import { shownInterval } from '../../analyses/scanPlan.ts'
import { verificationText } from '../../analyses/scanVerification.ts'
import { shortest } from '../predict/predictionFiles.ts'
import type { StoredScan } from './scanStore.ts'

/** A scan as a table with its provenance in lines of `#`; positions are 1-based. Cells that are not computed have no line. */
export function scanTsv(
  { head, effects, states }: StoredScan,
  origin: { readonly version: string; readonly createdAt: string },
): string {
  const { request } = head
  const facts = [
    `Diploscope ${origin.version}, ${origin.createdAt}; research use only`,
    `model: ${head.modelName} (${head.modelId}), weights SHA-256 ${head.weightsSha256}`,
    `region: ${formatLocus(request.interval)}; window ${shownInterval(head.window)}, bases SHA-256 ${head.windowSha256}`,
    `background: ${request.background.kind === 'reference' ? 'reference' : `${request.background.sample}, haplotype ${request.background.haplotype + 1}`}`, // biome-ignore format: one line
    `score: ${request.score} over ${head.bins.count} bins of ${head.bins.binBp} bp from ${head.answered.start + head.bins.first * head.bins.binBp + 1}`, // biome-ignore format: one line
    `state: ${head.state}, ${head.exactCells} of ${head.totalCells} cells computed; ${head.ranWith || `method ${request.method}`}`,
    ...(head.verified ? [verificationText(head.verified, 'cells')] : []),
    ...head.warnings,
  ]
  const lines = facts.map(f => `# ${f.replace(/\s+/g, ' ')}`)
  lines.push(['contig', 'pos', 'ref', 'alt', 'state', ...head.columns.map(c => c.name.replace(/\s+/g, ' '))].join('\t'))
  const cells = 4 * head.sequence.length
  for (let cell = 0; cell < cells; cell++) {
    const state = states[cell]
    if (state !== CELL.exact && state !== CELL.estimate) continue
    const ref = head.sequence[Math.floor(cell / 4)]!
    if (baseCode(ref.charCodeAt(0)) === cell % 4) continue
    const values = head.columns.map((_, t) => shortest(effects[t * cells + cell]!))
    const pos = request.interval.start + Math.floor(cell / 4) + 1
    lines.push([request.interval.contig, pos, ref, 'ACGT'[cell % 4]!, state === CELL.exact ? 'computed' : 'estimate', ...values].join('\t')) // biome-ignore format: one row
  }
  return `${lines.join('\n')}\n`
}
