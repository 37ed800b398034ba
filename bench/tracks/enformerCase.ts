import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readNpy, writeNpy } from '../../src-main/models/checkpoints/npy.ts'
import { randomBases } from '../../src-main/services/lab/randomBases.ts'
import { readModelJson } from '../../src-main/services/models/modelFolder.ts'
import { float32 } from '../../src-shared/tensor.ts'
import { agree, type Bench, draw, line, type Row, startPeer, takeTurns } from '../compute/measure.ts'
import { Peer } from '../peers/peer.ts'
import { openNetwork, windowFlops } from './network.ts'
import { type RandomModel, writeRandomModel } from './randomModel.ts'

const FULL: RandomModel = { kind: 'enformer', length: 196_608, bins: 896, tracks: 5313 }
const SMALL: RandomModel = {
  kind: 'enformer',
  length: 8192,
  bins: 40,
  tracks: 9,
  architecture: { stemFilters: 24, towerFilters: [24, 32, 40, 48, 56, 64], layers: 3, keySize: 8, valueSize: 8, positionFeatures: 24 }, // biome-ignore format: one network
}
const EDGE = 1536

/** Enformer of the published size and head for human, one window, against the same weights in PyTorch; and numpy's product as the machine's limit. */
export async function enformerCase(bench: Bench): Promise<readonly Row[]> {
  if (bench.peers.torch) await sameAsPeer(bench)
  const folder = join(bench.folder, 'enformer')
  await writeRandomModel(folder, FULL)
  const json = await readModelJson(folder)
  const flops = windowFlops(json)
  const ours = await openNetwork(bench, folder, json)
  const peer = bench.peers.torch ? await enformerPeer(bench, folder, FULL.length) : undefined
  const squares = { a: draw('a', [EDGE, EDGE], 1), b: draw('b', [EDGE, EDGE], 1) }
  const numpy = bench.peers.numpy ? await startPeer(bench, 'matmul', squares) : undefined
  const product =
    numpy && (async () => Math.min(await numpy.peer.run(), await numpy.peer.run(), await numpy.peer.run()))
  const times = await takeTurns<'ours' | 'peer' | 'matmul'>(
    bench.repeats,
    { ours: () => ours.run(), ...(peer ? { peer: () => peer.run() } : {}), ...(product ? { matmul: product } : {}) },
    1,
  )
  const difference = peer && agree('enformer', ours.values, await peer.values(), 1e-4)
  const peakBytes = await ours.close()
  const peerPeakBytes = await peer?.close()
  numpy?.peer.close()
  rmSync(folder, { recursive: true })
  const rate = flops / times.ours!
  const limit = times.matmul && (2 * EDGE ** 3) / times.matmul
  const ratio = times.peer && times.peer / times.ours!
  const gb = (bytes: number) => `${(bytes / 1e9).toFixed(2)} GB`
  const row: Row = {
    name: 'Enformer, 196,608 bp, 5,313 human tracks, random weights',
    ms: times.ours!,
    gflops: rate / 1e6,
    runs: bench.repeats,
    peakBytes,
    ...(peer && ratio ? { peer: peer.version, peerMs: times.peer!, peerPeakBytes, ratio } : {}),
    ...(peerPeakBytes ? { target: '1.3 times as fast in at most its memory', met: ratio! >= 1.3 && peakBytes <= peerPeakBytes } : {}), // biome-ignore format: one row
    ...(difference !== undefined ? { difference } : {}),
    ...(limit ? { shareOfNumpy: rate / limit } : {}),
    note: [
      `peak ${gb(peakBytes)}${peerPeakBytes ? `, peer ${gb(peerPeakBytes)}` : ''}`,
      ...(limit ? [`${((100 * rate) / limit).toFixed(0)} % of numpy's ${(limit / 1e6).toFixed(0)} GFLOP/s`] : []),
    ].join('; '),
  }
  bench.say(line(row))
  return [row]
}

/** A small network first: a peer that computes something else has no speed. */
async function sameAsPeer(bench: Bench): Promise<void> {
  const folder = join(bench.folder, 'small')
  await writeRandomModel(folder, SMALL)
  const ours = await openNetwork(bench, folder, await readModelJson(folder), 2048)
  const peer = await enformerPeer(bench, folder, SMALL.length)
  await ours.run()
  await peer.run()
  agree('a small Enformer', ours.values, await peer.values(), 1e-4)
  await ours.close()
  await peer.close()
}

async function enformerPeer(bench: Bench, folder: string, length: number) {
  const [sequence, result] = [join(bench.folder, 'sequence.npy'), join(bench.folder, 'peer.npy')]
  writeFileSync(sequence, writeNpy(float32(randomBases(length, length), [1, length, 4])))
  const peer = new Peer(join(bench.peerScript, '..', 'tracks_peer.py'), bench.threads)
  const ready = await peer.ask({ do: 'setup', folder, sequence })
  return {
    version: `PyTorch ${ready['torch']}`,
    run: () => peer.run(),
    async values() {
      await peer.ask({ do: 'save', to: result })
      return readNpy(readFileSync(result)).data as Float32Array
    },
    async close() {
      const { bytes } = await peer.ask({ do: 'rss' })
      peer.close()
      return bytes as number
    },
  }
}
