import type { AppInfo } from '../../../src-shared/ipc/contract.ts'
import type { LabResult } from '../../../src-shared/lab/result.ts'
import type { Origin } from '../../ui/provenance.ts'

/** Where a figure or table of the lab comes from: results and the recipes that made them. */
export const originOf = (info: AppInfo | null, what: string, results: readonly LabResult[]): Origin => ({
  info,
  what: `lab, ${what}`,
  files: [],
  options: Object.fromEntries(
    results.map((r, i) => [
      `result${results.length > 1 ? i + 1 : ''}`,
      `${r.id} recipe ${r.recipe.id} (sha256 ${r.recipe.sha256.slice(0, 16)}) started ${r.startedAt}`,
    ]),
  ),
})
