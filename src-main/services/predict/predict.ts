import type { Interval } from '../../../src-shared/genome/interval.ts'
import { formatLocus } from '../../../src-shared/genome/locus.ts'
import { throwIfCancelled, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { chooseTracks } from '../../analyses/chooseTracks.ts'
import { baseCode, oneHot, reverseComplement } from '../../analyses/oneHot.ts'
import {
  addPass,
  type Pass,
  type PlannedWindow,
  type PredictionPlan,
  passes,
  planPrediction,
  strandPartners,
  windowGeometry,
} from '../../analyses/predict.ts'
import type { Compute } from '../../compute/client.ts'
import type { Device, ProviderReport } from '../../compute/engine.ts'
import type { ModelJson, ModelTrack } from '../../models/folder/modelJson.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import type { Reference } from '../../readers/reference.ts'
import { readModelJson } from '../models/modelFolder.ts'
import { buildCaution, unknownCautions } from './cautions.ts'
import type { TileChoice } from './tiledNetwork.ts'
import { openTrackNetwork, type TrackNetwork } from './trackNetwork.ts'
import { atWindow } from './windowLength.ts'

export interface PredictRequest {
  /** A model folder. */
  readonly model: string
  readonly region: Interval
  /** As chooseTracks reads it; default: all. */
  readonly tracks?: string
  /** Average over both strands (default no) and over windows moved by so many bp (default none). */
  readonly bothStrands?: boolean
  readonly shiftsBp?: readonly number[]
  readonly device?: Device
  readonly threads?: number
  /** Sequences a run; default 1, the fastest a sequence on a CPU and the least memory. */
  readonly batch?: number
  /** Base pairs of a window; default: the model's own. See windowLength.ts. */
  readonly windowBp?: number
  /** Whether the network runs in tiles; default `auto`. The result is the same. */
  readonly tile?: TileChoice
}

export interface Prediction extends Omit<PredictionPlan, 'windows'> {
  readonly model: Pick<ModelJson, 'id' | 'name' | 'kind'>
  readonly tracks: readonly ModelTrack[]
  /** [bins, tracks], row-major, in the model's own units. */
  readonly values: Float32Array
  /** 1 for a bin none of whose own bases is known (N, or beyond the contig). */
  readonly unknownBins: Uint8Array
  /** Share of unknown bases in all that the windows read. */
  readonly unknownShare: number
  readonly windows: number
  readonly provider: ProviderReport
  /** What a person should know before trusting the values, in sentences. */
  readonly warnings: readonly string[]
}

const MAX_VALUES = 2 ** 29

/**
 * Predicts the tracks of a region. Beyond the ends of the contig the model reads N.
 * @throws WorkbenchError `not-found` (contig, track), `region`, `unsupported`, `bad-model`, `not-finite`, `out-of-memory`, `cancelled`
 */
export async function predict(
  request: PredictRequest,
  reference: Pick<Reference, 'contigs' | 'sequence'>,
  deps: { readonly compute: Compute; readonly registry: ModelRegistry },
  context: WorkContext,
): Promise<Prediction> {
  const made = await readModelJson(request.model)
  const json = request.windowBp === undefined ? made : atWindow(made, request.windowBp, deps.registry)
  const geometry = windowGeometry(json)
  const length = contigLength(request.region, reference)
  const chosen = chooseTracks(request.tracks, json.tracks)
  const partners = request.bothStrands ? strandPartners(chosen, json.tracks) : chosen
  const plan = planPrediction(request.region, geometry)
  if (plan.bins * chosen.length > MAX_VALUES) throw new WorkbenchError('out-of-memory', `${plan.bins.toLocaleString('en-US')} bins of ${chosen.length.toLocaleString('en-US')} tracks are too many to hold`, 'ask for fewer tracks or a smaller region') // biome-ignore format: one thought
  const each = passes(request.shiftsBp?.length ? request.shiftsBp : [0], request.bothStrands ?? false)
  const network = await openTrackNetwork(
    {
      folder: request.model,
      json,
      channels: [...chosen, ...partners],
      batch: Math.min(request.batch ?? 1, plan.windows.length * each.length),
      load: {
        device: request.device ?? 'cpu',
        ...(request.threads !== undefined ? { threads: request.threads } : {}),
        // The same shapes again and again: memory is kept between runs.
        workload: plan.windows.length * each.length > 1 ? 'fixed' : 'varied',
      },
      ...(request.tile !== undefined ? { tile: request.tile } : {}),
    },
    deps.compute,
    deps.registry,
    context,
  )
  try {
    const reader = new WindowReader(reference, plan, length, geometry.windowBp)
    const values = await runAll({ plan, each, chosen, partners, json, network, reader }, context)
    return {
      model: { id: json.id, name: json.name, kind: json.kind },
      contig: plan.contig,
      start: plan.start,
      end: plan.end,
      binBp: plan.binBp,
      bins: plan.bins,
      tracks: chosen.map(channel => json.tracks[channel]!),
      values,
      unknownBins: reader.unknownBins(),
      unknownShare: reader.unknownShare,
      windows: plan.windows.length,
      provider: network.provider,
      warnings: [...lengthCautions(made, geometry), ...warningsOf(json, reference, reader, plan.bins)],
    }
  } finally {
    await network.close()
  }
}

/** @throws WorkbenchError `not-found`, `region` */
export function contigLength(region: Interval, reference: Pick<Reference, 'contigs'>): number {
  const contig = reference.contigs.find(c => c.name === region.contig)
  if (!contig) throw new WorkbenchError('not-found', `contig '${region.contig}' is not in the reference`, 'give one of its contigs') // biome-ignore format: one thought
  if (region.start < 0 || region.end > contig.length || region.end <= region.start)
    throw new WorkbenchError(
      'region',
      `${formatLocus(region)} is not within contig '${contig.name}' (${contig.length.toLocaleString('en-US')} bp)`,
      'ask for a region inside the contig',
    )
  return contig.length
}

/** A sentence where windows have another length than the model was made for. */
export function lengthCautions({ input }: ModelJson, { windowBp }: { readonly windowBp: number }): readonly string[] {
  if (input.type !== 'dna' || input.length === windowBp) return []
  const n = (x: number) => x.toLocaleString('en-US')
  return [`windows are ${n(windowBp)} bp and the model was made for ${n(input.length)} bp: it is used outside its training`] // biome-ignore format: one thought
}

function warningsOf(
  json: ModelJson,
  { contigs }: Pick<Reference, 'contigs'>,
  reader: WindowReader,
  bins: number,
): readonly string[] {
  const build = buildCaution(json, contigs)
  const unknown = reader.unknownBins().reduce((n, flag) => n + flag, 0)
  return [...(build === undefined ? [] : [build]), ...unknownCautions(unknown, bins, reader.unknownShare)]
}

interface Work {
  readonly plan: PredictionPlan
  readonly each: readonly Pass[]
  readonly chosen: readonly number[]
  readonly partners: readonly number[]
  readonly json: ModelJson
  readonly network: TrackNetwork
  readonly reader: WindowReader
}

async function runAll(work: Work, context: WorkContext): Promise<Float32Array> {
  const { plan, each, chosen, partners, json, network, reader } = work
  const { batch, columns } = network
  const unknown = json.input.type === 'dna' ? json.input.unknown : 'zeros'
  const runs = plan.windows.flatMap(window => each.map(pass => ({ window, pass })))
  // Sums of several passes are kept in double precision; one pass is stored as it comes.
  const sums =
    each.length > 1 ? new Float64Array(plan.bins * chosen.length) : new Float32Array(plan.bins * chosen.length)
  const of = chosen.map(channel => columns.get(channel)!)
  const reverseOf = partners.map(channel => columns.get(channel)!)
  for (let at = 0; at < runs.length; at += batch) {
    throwIfCancelled(context.signal)
    context.report({ phase: 'predicting', done: at, total: runs.length })
    const some = runs.slice(at, at + batch)
    const size = 4 * reader.windowBp
    const sequences = new Float32Array(batch * size)
    for (const [i, { window, pass }] of some.entries()) {
      const bases = await reader.read(window, pass, context.signal)
      const own = sequences.subarray(i * size, (i + 1) * size)
      oneHot(bases, unknown, own)
      if (pass.reverse) reverseComplement(own)
    }
    const results = await network.run(sequences, context.signal)
    some.forEach(({ window, pass }, i) => {
      addPass(sums, window, pass, { values: results[i]!, columns: columns.size, of, reverseOf }, 1 / each.length)
    })
  }
  context.report({ phase: 'predicting', done: runs.length, total: runs.length })
  return sums instanceof Float32Array ? sums : Float32Array.from(sums)
}

/** Cuts windows out of the reference, N beyond its ends, and notes where nothing is known. */
class WindowReader {
  unknownShare = 0
  readonly #known: Uint32Array
  /** Windows, by their first bin in the answer. */
  readonly #counted = new Set<number>()
  #read = 0
  #unknown = 0

  constructor(
    private readonly reference: Pick<Reference, 'sequence'>,
    private readonly plan: PredictionPlan,
    private readonly contigLength: number,
    readonly windowBp: number,
  ) {
    this.#known = new Uint32Array(plan.bins)
  }

  async read(window: PlannedWindow, { shiftBp }: Pass, signal: AbortSignal): Promise<string> {
    const bases = await this.#bases(window.start + shiftBp, signal)
    if (!this.#counted.has(window.outBin)) {
      this.#counted.add(window.outBin)
      // Shifts need not hold 0: what is known of a bin is asked of its own bases.
      this.#count(window, shiftBp === 0 ? bases : await this.#bases(window.start, signal))
    }
    return bases
  }

  async #bases(start: number, signal: AbortSignal): Promise<string> {
    const end = start + this.windowBp
    const from = Math.min(Math.max(0, start), this.contigLength)
    const to = Math.max(from, Math.min(end, this.contigLength))
    const inside =
      to > from ? await this.reference.sequence(this.plan.contig, from, to, { upperCase: true, signal }) : ''
    return 'N'.repeat(from - start) + inside + 'N'.repeat(end - to)
  }

  unknownBins(): Uint8Array {
    return Uint8Array.from(this.#known, known => (known === 0 ? 1 : 0))
  }

  #count(window: PlannedWindow, bases: string): void {
    const { plan } = this
    const offset = window.start - plan.start
    const [first, end] = [window.outBin, window.outBin + window.count]
    for (let i = 0; i < bases.length; i++) {
      if (baseCode(bases.charCodeAt(i)) < 0) {
        this.#unknown++
        continue
      }
      const bin = Math.floor((offset + i) / plan.binBp)
      if (bin >= first && bin < end) this.#known[bin]!++
    }
    this.#read += bases.length
    this.unknownShare = this.#unknown / this.#read
  }
}
