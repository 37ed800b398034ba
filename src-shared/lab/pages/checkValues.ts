import { WorkbenchError } from '../../ipc/errors.ts'
import type { LabResult } from '../result.ts'

/** Of one factor, or of combinations that a page shows apart: far more than any recipe has, and no more than a page can draw. */
const MOST_VALUES = 200

/**
 * Pages set values of factors against one another: a result of 20,000 points, each with values of its own, would make a grid of 10^8
 * cells. Combinations are given as lists of factors.
 * @throws WorkbenchError `bad-input` that names the factors
 */
export function checkValues(results: readonly LabResult[], combinations: readonly (readonly string[])[]): void {
  for (const { points } of results)
    for (const factors of combinations) {
      const found = new Set(points.map(p => JSON.stringify(factors.map(f => p.factors[f] ?? null))))
      if (found.size > MOST_VALUES) throw new WorkbenchError('bad-input', `the result has ${found.size.toLocaleString('en-US')} values of ${factors.join(', ')}, and a page shows at most ${MOST_VALUES}`, 'look at its points, or save them as TSV') // biome-ignore format: one thought
    }
}
