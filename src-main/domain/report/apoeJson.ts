import type { ApoeReport } from '../../../src-shared/genome/apoe.ts'
import type { Provenance } from '../../../src-shared/report/provenance.ts'

/** The report as JSON text: the fields of `diploscope apoe --json`, and where it comes from. Positions are 1-based. */
export const apoeJson = (report: ApoeReport, provenance: Provenance): string =>
  `${JSON.stringify({ ...report, provenance }, null, 2)}\n`
