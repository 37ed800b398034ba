import { findContig } from '../../../src-shared/genome/contigs.ts'
import type { Interval } from '../../../src-shared/genome/interval.ts'
import type { EffectScore, VariantEffect } from '../../../src-shared/genome/scan.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { EffectScorer } from '../../analyses/mutationScores.ts'
import { reverseComplement } from '../../analyses/oneHot.ts'
import { strandPartners, windowGeometry } from '../../analyses/predict.ts'
import { centredWindow } from '../../analyses/scanPlan.ts'
import { alleleProblem, changeText, drawnIn, substitution, withAllele } from '../../analyses/variantEffect.ts'
import type { Compute } from '../../compute/client.ts'
import type { LoadOptions } from '../../compute/engine.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import type { VariantRecord } from '../../readers/variantStream.ts'
import { type MutantNetwork, openNaiveNetwork } from './mutantNetwork.ts'
import { openMutants, ranWith } from './openMutants.ts'
import { encoded, type ReadReference, windowBases } from './windowSequence.ts'

export interface VariantRequest {
  readonly folder: string
  readonly json: ModelJson
  readonly channels: readonly number[]
  readonly score: EffectScore
  readonly mean: boolean
  /** Mean of the predictions of both strands. */
  readonly bothStrands: boolean
  readonly method: 'exact' | 'naive'
  /** Windows on a grid, shared by neighbours, in place of one centred on each variant: faster, other numbers. */
  readonly shareWindows: boolean
  readonly load: LoadOptions
}

export interface VariantScorer {
  /** The window of variants at a position. */
  window(contig: string, position: number): Interval
  /** One effect an alternative allele. What has none says why; only failures of the program and of the model throw. */
  score(record: VariantRecord, signal: AbortSignal): Promise<readonly VariantEffect[]>
  readonly ranWith: string
  close(): Promise<void>
}

/** Windows on a grid lie an eighth of what the model answers for apart: a variant is that near to the middle. */
const GRID_SHARE = 8

/** Scores the alleles of VCF records: changes of one base by `method`, others by two full passes. */
export async function openVariantScorer(
  request: VariantRequest,
  reference: ReadReference,
  compute: Compute,
  registry: ModelRegistry,
  context: WorkContext,
): Promise<VariantScorer> {
  const { folder, json, channels, method, load, bothStrands, shareWindows } = request
  const { windowBp, bins, binBp } = windowGeometry(json)
  const partners = bothStrands ? strandPartners(channels, json.tracks) : channels
  const mutants = { folder, json, channels: [...new Set([...channels, ...partners])], load }
  const strands = bothStrands ? [false, true] : [false]
  // A shared window stays prepared: each strand then needs a network of its own.
  const networks: Prepared[] = []
  for (let i = 0; i < (shareWindows ? strands.length : 1); i++)
    networks.push({ network: await openMutants(method, mutants, compute, registry, context), key: '' })
  let naive: MutantNetwork | undefined = method === 'naive' ? networks[0]!.network : undefined
  const full = async () => {
    naive ??= await openNaiveNetwork(mutants, compute, registry, context)
    return naive
  }
  const part = { width: channels.length, columns: channels.map((_, i) => i), first: 0, count: bins }
  const step = Math.max(1, Math.floor((bins * binBp) / GRID_SHARE))

  const window = (contig: string, position: number): Interval => {
    const centre = shareWindows ? Math.floor(position / step) * step + Math.floor(step / 2) : position
    return centredWindow({ contig, start: centre, end: centre + 1 }, { windowBp })
  }

  /** Adds a strand's share of a prediction to [bins, channels]. */
  const add = (into: Float64Array, values: Float32Array, columns: MutantNetwork['columns'], reverse: boolean) => {
    const from = (reverse ? partners : channels).map(channel => columns.get(channel)!)
    for (let b = 0; b < bins; b++) {
      const row = (reverse ? bins - 1 - b : b) * columns.size
      for (let t = 0; t < from.length; t++) into[b * from.length + t]! += values[row + from[t]!]! / strands.length
    }
  }
  const empty = () => new Float64Array(bins * channels.length)
  const onStrand = (bases: string, reverse: boolean) => {
    const sequence = encoded(bases, json)
    return reverse ? reverseComplement(sequence) : sequence
  }

  const byMutant = async (key: string, bases: string, place: number, base: number, signal: AbortSignal) => {
    const [before, after] = [empty(), empty()]
    for (const [i, reverse] of strands.entries()) {
      const prepared = networks[i % networks.length]!
      const { network } = prepared
      const at = reverse ? windowBp - 1 - place : place
      const own = `${key} ${reverse}`
      if (prepared.key !== own) {
        // A window of one variant is mutated at its middle only; a shared one wherever the grid may put a variant.
        const reach = shareWindows ? step : 0
        const region = { start: Math.max(0, at - reach), end: Math.min(windowBp, at + reach + 1) }
        prepared.key = ''
        prepared.reference = (await network.prepare(onStrand(bases, reverse), region, signal)).slice()
        prepared.key = own
      }
      add(before, prepared.reference!, network.columns, reverse)
      for await (const { values } of network.run([{ position: at, base: reverse ? 3 - base : base }], signal))
        add(after, values[0]!, network.columns, reverse)
    }
    return [before, after] as const
  }

  const inFull = async (reference: string, alternative: string, signal: AbortSignal) => {
    const network = await full()
    if (network === networks[0]!.network) networks[0]!.key = ''
    const [before, after] = [empty(), empty()]
    for (const reverse of strands)
      for (const [bases, into] of [[reference, before], [alternative, after]] as const) // biome-ignore format: one line
        add(into, await network.prepare(onStrand(bases, reverse), { start: 0, end: windowBp }, signal), network.columns, reverse) // biome-ignore format: one call
    return [before, after] as const
  }

  const one = async (record: VariantRecord, alt: string, signal: AbortSignal): Promise<VariantEffect> => {
    const { position, id, ref } = record
    const contig = findContig(record.contig, reference.contigs)
    const name = contig?.name ?? record.contig
    const row = { contig: name, position, id, ref, alt }
    const allele = { position, ref, alt }
    const inside = contig && position >= 0 && position + ref.length <= contig.length
    const own = inside ? await reference.sequence(name, position, position + ref.length, { upperCase: true, signal }) : '' // biome-ignore format: one choice
    const problem = alleleProblem(allele, contig?.length, own, Math.floor(windowBp / 2) - (shareWindows ? step : 1))
    if (problem) return { ...row, ...problem, effects: [] }
    const at = window(name, position)
    const offset = position - at.start
    const change = substitution(allele)
    if (change || ref.toUpperCase() === alt.toUpperCase()) {
      if (!change) return { ...row, state: 'scored', detail: 'the reference allele itself', effects: channels.map(() => 0) } // biome-ignore format: one line
      const bases = await windowBases(reference, at, contig!.length, signal)
      const [before, after] = await byMutant(`${name}:${at.start}`, bases, offset + change.offset, change.base, signal)
      return { ...row, state: 'scored', detail: '', effects: scored(before, after) }
    }
    const wider = { ...at, end: at.end + drawnIn(allele) }
    const bases = await windowBases(reference, wider, contig!.length, signal)
    const [before, after] = await inFull(bases.slice(0, windowBp), withAllele(bases, windowBp, offset, allele), signal)
    return { ...row, state: 'scored', detail: changeText(allele), effects: scored(before, after) }
  }
  const scored = (before: Float64Array, after: Float64Array) => [
    ...new EffectScorer(before, part, { score: request.score, mean: request.mean }).score(after),
  ]

  return {
    window,
    async score(record, signal) {
      if (record.problem !== undefined) {
        const detail = `line ${record.number}: ${record.problem}`
        return [{ contig: record.contig, position: record.position, id: record.id, ref: record.ref, alt: record.alts.join(','), state: 'failed', detail, effects: [] }] // biome-ignore format: one row
      }
      const effects: VariantEffect[] = []
      for (const alt of record.alts.length > 0 ? record.alts : ['.']) effects.push(await one(record, alt, signal))
      return effects
    },
    get ranWith() {
      const how = method === 'naive' ? 'naive' : 'exact for changes of one base, in full for others'
      return ranWith(how, networks[0]!.network.provider)
    },
    async close() {
      for (const { network } of networks) await network.close()
      if (naive && naive !== networks[0]!.network) await naive.close()
    },
  }
}

interface Prepared {
  readonly network: MutantNetwork
  /** Window and strand that it is prepared for. */
  key: string
  reference?: Float32Array
}
