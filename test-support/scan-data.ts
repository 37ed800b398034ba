import { CELL, type ReceptiveField, type ScanData } from '../src-shared/genome/scan.ts'
import { SeededRandom } from './random.ts'

const BASES = 'ACGT'

/** A scan with made-up effects: exact left of `exactTo`, estimates left of `estimateTo`, then missing; N where the sequence says so. */
export function madeUpScan(
  sequence: string,
  options: { readonly exactTo?: number; readonly estimateTo?: number; readonly columns?: number } = {},
): ScanData {
  const { exactTo = sequence.length, estimateTo = sequence.length, columns = 1 } = options
  const random = new SeededRandom(sequence)
  const positions = sequence.length
  const effects = new Float32Array(columns * positions * 4).fill(Number.NaN)
  const states = new Uint8Array(positions * 4)
  let exactCells = 0
  for (let p = 0; p < positions; p++)
    for (let b = 0; b < 4; b++) {
      const unknown = sequence[p] === 'N'
      const own = sequence[p] === BASES[b]
      const state = unknown ? CELL.unknown : own ? CELL.reference : p < exactTo ? CELL.exact : p < estimateTo ? CELL.estimate : CELL.missing // biome-ignore format: one choice
      states[p * 4 + b] = state
      if (state === CELL.exact) exactCells++
      for (let k = 0; k < columns; k++) {
        const at = (k * positions + p) * 4 + b
        if (state === CELL.exact || state === CELL.estimate) effects[at] = random.normal(0, 1 + k)
        if (state === CELL.reference) effects[at] = 0
      }
    }
  const interval = { contig: 'chr1', start: 999, end: 999 + positions }
  return {
    scanId: 'scan',
    request: { modelFileId: 'm', referenceFileId: 'r', interval, channels: Array.from({ length: columns }, (_, i) => i), groupMean: false, output: { kind: 'all' }, score: 'sad', method: 'exact', background: { kind: 'reference' } }, // biome-ignore format: one line
    columns: Array.from({ length: columns }, (_, i) => ({ channel: i, name: `track ${i}`, unit: '' })),
    sequence,
    effects,
    states,
    window: { contig: 'chr1', start: 0, end: 2048 },
    answered: { contig: 'chr1', start: 512, end: 1536 },
    state: 'done',
    exactCells,
    totalCells: 3 * [...sequence].filter(c => c !== 'N').length,
    secondsLeft: null,
    ranWith: 'exact on cpu',
    verified: null,
    warnings: [],
  }
}

/** A field that falls off by a decade every ten bins from the mutated one, exactly 0 beyond `reach` bins. */
export function madeUpField(positions: readonly number[], bins: number, reach: number): ReceptiveField {
  const binBp = 128
  const effect = new Float32Array(positions.length * bins)
  const reachable = new Uint8Array(positions.length * bins)
  positions.forEach((position, r) => {
    for (let b = 0; b < bins; b++) {
      const away = Math.abs(b - Math.floor(position / binBp))
      if (away > reach) continue
      reachable[r * bins + b] = 1
      effect[r * bins + b] = 10 ** (-away / 10)
    }
  })
  return {
    model: { id: 'm', name: 'made up', kind: 'test' },
    protocol: 'default',
    seed: 1,
    sequences: 2,
    source: 'random',
    positions,
    windowBp: bins * binBp,
    binBp,
    firstBin: 0,
    bins,
    effect,
    medians: positions.map(() => 1e-3),
    control: { median: 0, maximum: 0 },
    reachable,
    reached: reachable,
    device: 'cpu',
  }
}
