import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ModelCheck } from '../../../src-shared/genome/model.ts'
import { asWorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { seededRandom } from '../../../src-shared/random.ts'
import { oneHot } from '../../analyses/oneHot.ts'
import { windowGeometry } from '../../analyses/predict.ts'
import { readNpy } from '../../models/checkpoints/npy.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import type { NetworkPool } from '../predict/networkPool.ts'
import type { TrackNetwork } from '../predict/trackNetwork.ts'
import { checkModel } from './checkModel.ts'
import { fileSha256 } from './fileSource.ts'
import type { OpenModel } from './openModels.ts'

/** A sequence and the answer to it, which may lie in a model folder: FASTA of one record, and float32 [bins, tracks]. */
export const EXAMPLE_FILES = { sequence: 'example.fa', answer: 'example.npy' } as const
/** |ours - stored| at most this, plus this share of |stored|. */
const TOLERANCE = { absolute: 1e-4, relative: 1e-3 }

type Finding = ModelCheck['findings'][number]

/**
 * The test of correctness that can be asked for at any time: the folder's content, then the network itself on a window of seeded random
 * bases: every head's shape, finite numbers, the same answer twice, finite numbers for a window of N, and the stored example if there is one.
 */
export async function tryModel(
  model: OpenModel,
  parts: { readonly registry: ModelRegistry; readonly networks: NetworkPool; readonly now: () => number },
  context: WorkContext,
): Promise<ModelCheck> {
  const began = parts.now()
  const findings: Finding[] = []
  const note = (what: string, ok: boolean, detail: string) => findings.push({ what, ok, detail })
  await attempt(findings, 'weights', async () => {
    if (model.json.kind === 'onnx') {
      const sha256 = await fileSha256(model.weightsPath, context)
      note('weights', sha256 === model.json.weights.sha256, sha256 === model.json.weights.sha256 ? 'the hash of model.json' : `SHA-256 ${sha256}, model.json says ${model.json.weights.sha256}`) // biome-ignore format: one line
      return
    }
    const { problems, tensors } = await checkModel(model.folder, parts.registry, context)
    if (problems.length === 0) note('weights', true, `${tensors} tensors: names, shapes, hash, all numbers finite`)
    for (const problem of problems) note('weights', false, problem)
  })
  if (model.json.input.type === 'dna' && findings.every(f => f.ok))
    await attempt(findings, 'forward pass', () =>
      parts.networks.use(
        model,
        model.json.tracks.map((_, i) => i),
        context,
        network => run(network, model, note, context),
      ),
    )
  return { fileId: model.fileId, ok: findings.every(f => f.ok), findings, ms: Math.round(parts.now() - began) }
}

async function run(
  network: TrackNetwork,
  { json, folder }: OpenModel,
  note: (what: string, ok: boolean, detail: string) => void,
  context: WorkContext,
): Promise<void> {
  const { windowBp, bins } = windowGeometry(json)
  const unknown = json.input.type === 'dna' ? json.input.unknown : 'zeros'
  const answerTo = async (bases: string) => {
    const sequences = new Float32Array(network.batch * 4 * windowBp)
    oneHot(bases, unknown, sequences)
    return (await network.run(sequences, context.signal))[0]!
  }
  const random = seededRandom(1)
  const bases = Array.from({ length: windowBp }, () => 'ACGT'[Math.floor(4 * random())]).join('')
  context.report({ phase: 'running the network', done: 0, total: 3 })
  const first = await answerTo(bases)
  const heads = json.output.heads ?? []
  const expected = heads.reduce((n, h) => n + h.tracks, 0) * bins
  note('shape', first.length === expected, `${heads.map(h => `${h.name} [${bins}, ${h.tracks}]`).join(', ')}${first.length === expected ? '' : `: ${first.length} numbers, expected ${expected}`}`) // biome-ignore format: one line
  note('finite', first.every(Number.isFinite), `largest ${largest(first)}, for random bases`)
  context.report({ phase: 'running the network', done: 1, total: 3 })
  const second = await answerTo(bases)
  const gap = first.reduce((most, x, i) => Math.max(most, Math.abs(x - second[i]!)), 0)
  note('repeatable', gap <= 1e-6 * Math.max(1, largest(first)), gap === 0 ? 'two runs are equal to the bit' : `two runs differ by at most ${gap}`) // biome-ignore format: one line
  context.report({ phase: 'running the network', done: 2, total: 3 })
  const nothing = await answerTo('N'.repeat(windowBp))
  note('unknown bases', nothing.every(Number.isFinite), 'a window of N gives finite numbers')
  const { ran } = network.provider
  note('device', true, Object.entries(ran).map(([name, n]) => `${n} operations on ${name}`).join(', ')) // biome-ignore format: one line
  const sequence = await readFile(join(folder, EXAMPLE_FILES.sequence), 'utf8').catch(() => undefined)
  const stored = await readFile(join(folder, EXAMPLE_FILES.answer)).catch(() => undefined)
  if (sequence === undefined || stored === undefined) return
  const example = sequence.replace(/^>.*$/m, '').replace(/\s/g, '')
  const { data, shape } = readNpy(stored, EXAMPLE_FILES.answer)
  if (example.length !== windowBp || shape[0] !== bins || data.length !== expected) {
    note('stored example', false, `${example.length} bp and [${shape.join(', ')}], expected ${windowBp} bp and [${bins}, ${expected / bins}]`) // biome-ignore format: one line
    return
  }
  const got = await answerTo(example)
  // Columns of the network may lie in another order than the table's.
  const width = json.tracks.length
  let worst = 0
  for (let b = 0; b < bins; b++)
    for (let t = 0; t < width; t++) {
      const want = Number(data[b * width + t])
      const ours = got[b * network.columns.size + network.columns.get(t)!]!
      worst = Math.max(worst, Math.abs(ours - want) / (TOLERANCE.absolute + TOLERANCE.relative * Math.abs(want)))
    }
  note('stored example', worst <= 1, `largest difference ${worst.toFixed(3)} of what is allowed (${TOLERANCE.absolute} + ${TOLERANCE.relative} x |stored|)`) // biome-ignore format: one line
}

const largest = (values: Float32Array): number => values.reduce((most, x) => Math.max(most, Math.abs(x)), 0)

/** What goes wrong becomes a finding; being told to stop, and faults of ours, do not. */
async function attempt(findings: Finding[], what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const e = asWorkbenchError(error)
    if (e.code === 'cancelled' || e.code === 'internal') throw e
    findings.push({ what, ok: false, detail: e.message })
  }
}
