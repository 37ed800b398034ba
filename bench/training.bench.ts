import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nextName, trainingInputs } from '../src-main/graph/optimizer/trainingStep.ts'
import { MODELS } from '../src-main/models/kinds.ts'
import { positionFeatures } from '../src-main/models/layers/positionFeatures.ts'
import { modelRegistry } from '../src-main/models/registry.ts'
import { initialTrunkWeights } from '../src-main/models/trunkInitialisation.ts'
import { readRecipe } from '../src-main/services/training/recipe.ts'
import { trackArchitecture } from '../src-main/services/training/tracks/trackGeometry.ts'
import { SEQUENCE, TARGET, trackTrainingGraph } from '../src-main/services/training/tracks/trackGraphs.ts'
import { parseTrackRecipe, type TrackRecipe } from '../src-main/services/training/tracks/trackRecipe.ts'
import { elementCount, float32, int64Scalar, type Tensor } from '../src-shared/tensor.ts'
import { SeededRandom } from '../test-support/random.ts'
import { agree, type Bench, line, openCompute, type Row, startPeer, takeTurns, timed } from './compute/measure.ts'
import { peerLibraries } from './peers/peer.ts'

const RATE = 1e-4
const TARGET_RATIO = 1.8

/**
 * One training step of a recipe, forward, backward and update, against the same step in PyTorch: the same weights and batch, turns taken so
 * that foreign load falls on both. Before anything is timed, the losses of three steps without dropout must agree.
 * Arguments: `--recipe FILE` (assets/recipes/yeast-enformer.json), `--repeats N` (11), `--threads N` (2).
 */
export async function run({
  json,
  args,
  root,
}: {
  json: boolean
  args: readonly string[]
  root: string
}): Promise<readonly Row[]> {
  const option = (name: string) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined)
  const folder = mkdtempSync(join(tmpdir(), 'diploscope-bench-'))
  const bench: Bench = {
    folder,
    repeats: Number(option('--repeats') ?? 11),
    threads: Number(option('--threads') ?? 2),
    entry: join(root, 'dist', 'compute', 'process.js'),
    peerScript: join(root, 'bench', 'peers', 'enformer_peer.py'),
    peers: peerLibraries(),
    say: text => {
      if (!json) process.stdout.write(`${text}\n`)
    },
  }
  const recipe = parseTrackRecipe(
    await readRecipe(option('--recipe') ?? join(root, 'assets', 'recipes', 'yeast-enformer.json')),
  )
  if (recipe.kind !== 'enformer') throw new Error(`the peer trains networks of kind enformer, not ${recipe.kind}`)
  if (!bench.peers.torch) bench.say('PyTorch is not installed here: no comparison with it (Debian: python3-torch)')
  try {
    return [await trainingCase(bench, recipe)]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function trainingCase(bench: Bench, recipe: TrackRecipe): Promise<Row> {
  const { batch, clipNorm = 1e9, optimizer } = recipe.training
  const { windowBp, bins, binBp, outputs } = trackArchitecture(recipe.kind, recipe.architecture)
  const random = new SeededRandom('training bench')
  const sequence = new Float32Array(batch * windowBp * 4)
  for (let i = 0; i < batch * windowBp; i++) sequence[4 * i + random.integer(0, 4)] = 1
  const [tracks] = [...outputs.values()] as [number]
  const target = Float32Array.from({ length: batch * bins * tracks }, () => 4 * random.next() ** 2)
  const inputs = {
    [SEQUENCE]: float32(sequence, [batch, windowBp, 4]),
    [TARGET]: float32(target, [batch, bins, tracks]),
  }
  const features = recipe.architecture['positionFeatures'] as number
  const tokens = windowBp / binBp
  const positions = float32(Float32Array.from(positionFeatures(tokens, features)), [2 * tokens - 1, features])
  const compute = openCompute(bench)
  try {
    const ours = async (dropout: boolean) => {
      const model = modelRegistry(MODELS).configure(recipe.kind, dropout ? recipe.architecture : { ...recipe.architecture, dropout: 0, attentionDropout: 0, positionDropout: 0 }) // biome-ignore format: one call
      const weights = initialTrunkWeights(model.parameters, 1)
      const graph = trackTrainingGraph(model, recipe.training, new Map(), () => true)
      const session = await compute.load({ bytes: graph.onnx }, { workload: 'fixed' })
      const tensors: Record<string, Tensor> = {}
      for (const name of graph.inputs) tensors[name] = weights.get(name)!
      for (const [name, { shape }] of graph.moments)
        tensors[name] = float32(new Float32Array(elementCount(shape)), shape)
      const state = await compute.createState(tensors)
      const carry = session.outputs.filter(o => o.name.startsWith(nextName(''))).map(o => ({ from: o.name, to: o.name.slice(nextName('').length) })) // biome-ignore format: one thought
      let t = 0
      const seeded = session.inputs.some(i => i.name === trainingInputs.seed)
      const run = () =>
        session.run(
          {
            ...inputs,
            [trainingInputs.rate]: float32(Float32Array.of(RATE), []),
            [trainingInputs.step]: int64Scalar(++t),
            ...(seeded ? { [trainingInputs.seed]: int64Scalar(t) } : {}),
          },
          { state, carry, guard: 'finite', outputs: ['loss'] },
        )
      return { run, weights }
    }
    const { run: judged, weights } = await ours(false)
    const { run: timedRun } = await ours(true)
    // The peer needs no trained position table of its own: its features are ours.
    const arrays = { sequence: inputs[SEQUENCE]!, target: inputs[TARGET]!, positions, ...Object.fromEntries(weights) }
    const peerOf = (dropout: boolean) =>
      startPeer(bench, 'trunk', arrays, {
        architecture: { attentionDropout: 0.05, positionDropout: 0.01, ...recipe.architecture },
        names: [...weights.keys()],
        rate: RATE,
        clip: clipNorm,
        decay: optimizer.weightDecay ?? 0,
        dropout,
      })
    let difference: number | undefined
    if (bench.peers.torch) {
      const exact = await peerOf(false)
      for (let step = 0; step < 3; step++) {
        await exact.peer.run()
        const loss = (await judged())['loss']!.data as Float32Array
        difference = agree('training', loss, await exact.result(), 1e-4)
      }
      exact.peer.close()
    }
    const peer = bench.peers.torch ? await peerOf(true) : undefined
    const times = await takeTurns<'ours' | 'peer'>(bench.repeats, {
      ours: () => timed(timedRun),
      peer: peer && (() => peer.peer.run()),
    })
    peer?.peer.close()
    const ratio = times.peer && times.peer / times.ours!
    const row: Row = {
      name: `training step: ${recipe.id}, batch ${batch} x ${windowBp} bp`,
      ms: times.ours!,
      runs: bench.repeats,
      ...(peer && ratio ? { peer: peer.version, peerMs: times.peer!, ratio, difference: difference!, target: `${TARGET_RATIO} times`, met: ratio >= TARGET_RATIO } : {}), // biome-ignore format: one row
      note: `losses of three steps without dropout compared`,
    }
    bench.say(line(row))
    return row
  } finally {
    await compute.close()
  }
}
