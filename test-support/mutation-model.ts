import { Graph } from '../src-main/graph/graph.ts'
import { evaluate } from '../src-main/graph/reference.ts'
import { MODELS } from '../src-main/models/kinds.ts'
import { modelRegistry } from '../src-main/models/registry.ts'
import { openModelFolder } from '../src-main/services/models/modelFolder.ts'
import type { TrackModel } from './track-model.ts'

/** Two halvings, two heads: a Borzoi-type network of 64 bp, with 12 bins of 4 bp kept. */
export const mutationModel: TrackModel = {
  kind: 'baskerville',
  architecture: {
    length: 64,
    activation: 'gelu',
    trunk: [
      { block: 'conv', order: 'conv-norm-activation', filters: 5, kernel: 3, bias: true, norm: 'none', activation: 'linear', pool: 2 }, // biome-ignore format: one block a line
      { block: 'tower', order: 'norm-activation-conv', filters: [6], kernel: 3, bias: true, norm: 'batch', activation: 'gelu', pool: 2, keep: 'before-pool' }, // biome-ignore format: one block a line
      { block: 'crop', positions: 2 },
    ],
    outputs: { human: 4, mouse: 2 },
    heads: { human: { activation: 'softplus' }, mouse: { activation: 'softplus' } },
  },
  length: 64,
  binSize: 4,
  bins: 12,
  cropBins: 2,
  heads: [
    { name: 'human', tracks: 4 },
    { name: 'mouse', tracks: 2 },
  ],
  tracks: [
    { index: 0, head: 'human', name: 'CAGE:a', sourceId: 'a+', strand: '+', strandPair: 1 },
    { index: 1, head: 'human', name: 'CAGE:a', sourceId: 'a-', strand: '-', strandPair: 0 },
    { index: 2, head: 'human', name: 'DNASE:a', sourceId: 'd', strand: '.', strandPair: 2 },
    { index: 3, head: 'human', name: 'DNASE:b', sourceId: 'e', strand: '.', strandPair: 3 },
    { index: 0, head: 'mouse', name: 'DNASE:m', sourceId: 'm0' },
    { index: 1, head: 'mouse', name: 'DNASE:n', sourceId: 'm1' },
  ],
}

const registry = modelRegistry(MODELS)

/**
 * The network on any sequence, by the plain loops in float64: [bins, tracks] of each head. With `step`, one base is moved so far from
 * what is there towards another.
 */
export async function plainPrediction(
  folder: string,
  sequence: string,
  moved?: { readonly position: number; readonly base: number; readonly step: number },
): Promise<Readonly<Record<string, Float64Array>>> {
  const opened = await openModelFolder(folder)
  try {
    const network = registry.configure(opened.json.kind, opened.json.architecture)
    const graph = new Graph({ float: 'float64' })
    const feeds = new Map<string, ArrayLike<number>>()
    for (const p of network.parameters) feeds.set(p.name, (await opened.weights.read(p.name)).data as Float32Array)
    const outputs = network.buildForward(graph, { batch: 1, length: sequence.length, structure: feeds })
    const bases = [...sequence].flatMap(b => ['A', 'C', 'G', 'T'].map(base => (base === b ? 1 : 0)))
    if (moved) {
      const own = 'ACGT'.indexOf(sequence[moved.position]!)
      bases[4 * moved.position + own]! -= moved.step
      bases[4 * moved.position + moved.base]! += moved.step
    }
    feeds.set('sequence', bases)
    const names = Object.keys(outputs)
    const values = evaluate(names.map(name => outputs[name]!), feeds) // biome-ignore format: one line
    return Object.fromEntries(names.map((name, i) => [name, Float64Array.from(values[i]!.values)]))
  } finally {
    await opened.close()
  }
}
