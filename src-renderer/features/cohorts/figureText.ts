import { type PairedAuc, pText } from '../../../src-shared/genome/riskComparison.ts'

/** A difference with its 95 % interval, where it has one, the sign always shown. */
export const signedText = (x: number, ci: readonly [number, number] | null): string =>
  `${x >= 0 ? '+' : ''}${x.toFixed(3)} (${ci ? `95 % ${ci.map(v => v.toFixed(3)).join(' to ')}` : 'no interval'})`

/** A difference of two AUCs with its p, or that there is nothing to test. */
export const pairedText = (p: PairedAuc): string =>
  p.p === null && p.ci?.[0] === p.ci?.[1] && p.difference === 0
    ? 'no difference: both rank these people alike'
    : `${signedText(p.difference, p.ci)}, p ${pText(p.p)}`
