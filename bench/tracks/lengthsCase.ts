import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { readModelJson } from '../../src-main/services/models/modelFolder.ts'
import { type Bench, median, type Row } from '../compute/measure.ts'
import { openNetwork, windowFlops } from './network.ts'
import { writeRandomModel } from './randomModel.ts'

export const LENGTHS = [131_072, 196_608, 393_216, 786_432, 1_048_576]
const TRACKS = 16
/** Bins that each side loses, as at Enformer's own length. */
const CROP = 320
const LIMIT_BYTES = 10e9

/**
 * One window of growing length with full and with block-sparse attention, of Enformer's and S-Enformer's size with random weights and 16
 * tracks; each in a process of its own, whose peak memory it is.
 */
export async function lengthsCase(bench: Bench, lengths: readonly number[]): Promise<readonly Row[]> {
  const rows: Row[] = []
  for (const length of lengths)
    for (const kind of ['enformer', 's-enformer'] as const) {
      const folder = join(bench.folder, `${kind}-${length}`)
      await writeRandomModel(folder, { kind, length, bins: length / 128 - 2 * CROP, tracks: TRACKS })
      const json = await readModelJson(folder)
      const network = await openNetwork(bench, folder, json)
      const times: number[] = []
      for (let round = 0; round < bench.repeats; round++) times.push(await network.run())
      const peakBytes = await network.close()
      rmSync(folder, { recursive: true })
      const [ms, flops] = [median(times), windowFlops(json)]
      const row: Row = {
        name: `${kind === 'enformer' ? 'full' : 'block-sparse'} attention, ${length.toLocaleString('en-US')} bp, ${TRACKS} tracks, random weights`,
        ms,
        gflop: flops / 1e9,
        gflops: flops / ms / 1e6,
        peakBytes,
        runs: bench.repeats,
        target: 'within 10 GB',
        met: peakBytes <= LIMIT_BYTES,
      }
      bench.say(`${row.name}: ${(ms / 1000).toFixed(1)} s (${(flops / 1e9).toFixed(0)} GFLOP, ${row.gflops!.toFixed(0)} GFLOP/s), peak ${(peakBytes / 1e9).toFixed(2)} GB${row.met ? '' : ' [MISSED: within 10 GB]'} (median of ${bench.repeats})`) // biome-ignore format: one line
      rows.push(row)
    }
  return rows
}
