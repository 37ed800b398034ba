import { formatPosition } from '../../../src-shared/genome/locus.ts'
import { CELL, type EffectScore, type ScanData, type ScanMethod } from '../../../src-shared/genome/scan.ts'
import { signedText } from '../../../src-shared/report/axisTicks.ts'
import { effectAt, stateAt } from '../../../src-shared/report/heat.ts'
import { basesAt, inScan, type ScanCell } from '../../state/scans.ts'

/** Scores in words: their name, and what they are. `alt` and `ref` are predictions over the scored bins of one track. */
export const SCORES: Readonly<Record<EffectScore, { readonly name: string; readonly about: string }>> = {
  sad: { name: 'SAD', about: 'Sum over the scored bins of alt − ref, in the units of the track.' },
  sar: { name: 'SAR', about: 'Sum over the scored bins of log2(1 + alt) − log2(1 + ref): ratios count, not heights.' },
  logfold: { name: 'log-fold', about: 'log2 of (1 + sum of alt) / (1 + sum of ref) over the scored bins.' },
  absmax: { name: 'absmax', about: 'The alt − ref of the one scored bin where it is largest, with its sign.' },
}

export const METHODS: Readonly<Record<ScanMethod, { readonly name: string; readonly about: string }>> = {
  exact: {
    name: 'exact, incremental',
    about: 'Recomputes only what a base can reach; the same function as the full pass, checked by Verify.',
  },
  naive: { name: 'exact, full passes', about: 'A whole forward pass for each mutation: slow, the reference.' },
  gradient: {
    name: 'first-order estimate',
    about: 'One backward pass for all bases at once; an estimate, marked as such.',
  },
}

const STATE_TEXT: Readonly<Record<number, string>> = {
  [CELL.missing]: 'not computed',
  [CELL.estimate]: 'first-order estimate',
  [CELL.exact]: 'exact',
  [CELL.reference]: 'the base itself: 0 by definition',
  [CELL.unknown]: 'N: not scanned',
}

export const cellState = (scan: ScanData, cell: ScanCell): string =>
  STATE_TEXT[stateAt(scan, inScan(scan, cell), cell.row)] ?? 'outside the scan'

/** `T>C`, or the base itself where nothing changes. */
export function changeText(scan: ScanData, cell: ScanCell): string {
  const { ref, alt } = basesAt(scan, cell)
  const state = stateAt(scan, inScan(scan, cell), cell.row)
  return state === CELL.unknown ? 'N' : state === CELL.reference ? `${ref} (no change)` : `${ref}>${alt}`
}

/** `chr19:44,908,684 T>C  SAD -0.0123 (exact)`. */
export function cellText(scan: ScanData, column: number, cell: ScanCell): string {
  const at = inScan(scan, cell)
  const state = stateAt(scan, at, cell.row)
  const place = formatPosition(scan.request.interval.contig, cell.position)
  const value = effectAt(scan, column, at, cell.row)
  const valued = (state === CELL.exact || state === CELL.estimate) && Number.isFinite(value)
  return `${place} ${changeText(scan, cell)}  ${valued ? `${SCORES[scan.request.score].name} ${signedText(value)} (${cellState(scan, cell)})` : cellState(scan, cell)}`
}

export const outputText = (scan: ScanData): string =>
  scan.request.output.kind === 'all'
    ? 'all bins'
    : `bins at ${formatPosition(scan.request.output.interval.contig, scan.request.output.interval.start)}–${scan.request.output.interval.end.toLocaleString('en-US')}`

/** Whose sequence was mutated; '' for the reference. */
export const personText = ({ background }: ScanData['request']): string =>
  background.kind === 'haplotype' ? `${background.sample}, haplotype ${background.haplotype + 1}` : ''
