import { join } from 'node:path'
import { baskervilleArchitecture } from '../../src-main/models/checkpoints/baskervilleParams.ts'
import { writeTrackModel } from '../../test-support/track-model.ts'
import { type Bench, line, type Row, takeTurns } from '../compute/measure.ts'
import { openNetwork, windowFlops } from './network.ts'

/** The layout of the example network of calico/baskerville: 131,072 bp, 74 tracks, 2,048 bins of 32 bp. */
export const EXAMPLE = {
  seq_length: 131_072,
  activation: 'gelu',
  norm_type: 'batch',
  trunk: [
    { name: 'conv_dna', filters: 64, kernel_size: 7, norm_type: null, activation: 'linear', pool_size: 2 },
    { name: 'res_tower', filters_init: 80, filters_end: 128, divisible_by: 8, kernel_size: 5, num_convs: 1, repeat: 6 },
    { name: 'transformer_tower', key_size: 32, heads: 2, num_position_features: 32, repeat: 2 },
    { name: 'unet_conv', kernel_size: 3, upsample_conv: true },
    { name: 'unet_conv', kernel_size: 3, upsample_conv: true },
    { name: 'Cropping1D', cropping: 1024 },
  ],
  head_human: { name: 'final', units: 74, activation: 'softplus' },
}

export const writeExample = (folder: string) =>
  writeTrackModel(folder, {
    kind: 'baskerville',
    architecture: baskervilleArchitecture({ model: EXAMPLE }),
    length: 131_072,
    binSize: 32,
    bins: 2048,
    cropBins: 1024,
    heads: [{ name: 'human', tracks: 74 }],
  })

/** A Borzoi-type network with random weights: one window, all tracks, in an open session. */
export async function borzoiCase(bench: Bench): Promise<readonly Row[]> {
  const folder = join(bench.folder, 'borzoi')
  const json = await writeExample(folder)
  const network = await openNetwork(bench, folder, json)
  const { ours } = await takeTurns<'ours'>(Math.max(9, bench.repeats), { ours: () => network.run() })
  const peakBytes = await network.close()
  const row: Row = {
    name: 'Borzoi-type network, 131,072 bp, 74 tracks, random weights',
    ms: ours!,
    gflops: windowFlops(json) / ours! / 1e6,
    peakBytes,
    runs: Math.max(9, bench.repeats),
    target: 'under 1,000 ms',
    met: ours! < 1000,
    note: `peak ${(peakBytes / 1e9).toFixed(2)} GB`,
  }
  bench.say(line(row))
  return [row]
}
