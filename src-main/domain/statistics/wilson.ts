import { Z_975 } from './rocAuc.ts'

/** Wilson's 95 % score interval of a proportion (Wilson 1927); [0, 1] for no trials. */
export function wilsonInterval(successes: number, trials: number): readonly [number, number] {
  if (trials === 0) return [0, 1]
  const z2 = Z_975 * Z_975
  const p = successes / trials
  const centre = (p + z2 / (2 * trials)) / (1 + z2 / trials)
  const half = (Z_975 / (1 + z2 / trials)) * Math.sqrt((p * (1 - p)) / trials + z2 / (4 * trials * trials))
  return [successes === 0 ? 0 : Math.max(0, centre - half), successes === trials ? 1 : Math.min(1, centre + half)]
}
