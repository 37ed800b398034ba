import type { PairedAuc } from '../../../src-shared/genome/riskComparison.ts'
import { twoSidedP } from './normal.ts'
import { compareAuc, midRanks, rocAuc, Z_975 } from './rocAuc.ts'

/**
 * Paired comparison of two scores by DeLong's structural components (DeLong, DeLong and Clarke-Pearson 1988): the variance of the difference is
 * var A + var B - 2 cov(A, B), since both rank the same people. Labels are 1 (case) and 0; scores are on any scale, only their order counts.
 * null with fewer than two samples of a class: there is no variance then, and no AUC with none. No interval where the variance comes out as 0
 * though the scores rank differently, as for two perfect ones: that is no certainty.
 * @throws WorkbenchError `bad-input` for lengths that differ, labels other than 0 and 1, or a NaN score
 */
export function pairedDeLong(
  scoresA: ArrayLike<number>,
  scoresB: ArrayLike<number>,
  labels: ArrayLike<number>,
): PairedAuc | null {
  const compared = compareAuc(scoresA, scoresB, labels)
  const [a, b] = [rocAuc(scoresA, labels), rocAuc(scoresB, labels)]
  if (!compared || !a || !b) return null
  const { difference, variance } = compared
  const half = Z_975 * Math.sqrt(variance)
  const z = compared.z ?? null
  return {
    aucA: a.auc,
    aucB: b.auc,
    difference,
    ci: variance > 0 || rankAlike(scoresA, scoresB) ? [Math.max(-1, difference - half), Math.min(1, difference + half)] : null, // biome-ignore format: one line
    z,
    p: z === null ? null : twoSidedP(z),
  }
}

function rankAlike(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  const [x, y] = [midRanks(a), midRanks(b)]
  return x.every((rank, i) => rank === y[i])
}
