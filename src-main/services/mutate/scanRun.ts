import { CELL, type EffectScore, type ScanVerification } from '../../../src-shared/genome/scan.ts'
import { throwIfCancelled } from '../../../src-shared/ipc/errors.ts'
import { firstOrderEffects } from '../../analyses/attribution.ts'
import { EffectScorer } from '../../analyses/mutationScores.ts'
import { baseCode } from '../../analyses/oneHot.ts'
import { mutationsOf, type PlannedMutation, type ScanPlan } from '../../analyses/scanPlan.ts'
import { compareEffects } from '../../analyses/scanVerification.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import type { GradientNetwork } from './gradientNetwork.ts'
import type { MutantNetwork } from './mutantNetwork.ts'
import { encoded } from './windowSequence.ts'

/** A scan that has its sequence and its place: all that computing it needs but a network. */
export interface ScanTarget {
  readonly json: ModelJson
  /** Places in the track table. */
  readonly channels: readonly number[]
  readonly groupMean: boolean
  readonly score: EffectScore
  readonly mean: boolean
  readonly plan: ScanPlan
  /** Of the whole window, upper case. */
  readonly bases: string
  /** Where each scanned position is in the window, -1 where the background does not have it; default: those of the plan's region. */
  readonly places?: Int32Array
}

export const placesOf = ({ places, plan: { region } }: ScanTarget): Int32Array =>
  places ?? Int32Array.from({ length: region.end - region.start }, (_, i) => region.start + i)

/** Bases of the scanned positions, N where the background does not have one. */
export const regionBases = (target: ScanTarget): string =>
  Array.from(placesOf(target), place => target.bases[place] ?? 'N').join('')

/** Numbers of a scan as they come: effects [answers, positions, 4] and the state of each cell [positions, 4]. */
export class EffectTable {
  readonly answers: number
  readonly positions: number
  readonly effects: Float32Array
  readonly states: Uint8Array
  /** Mutations of all known positions, in the order of the output. */
  readonly mutations: readonly PlannedMutation[]
  #exact: number

  constructor(target: ScanTarget, kept?: { readonly effects: Float32Array; readonly states: Uint8Array }) {
    const bases = regionBases(target)
    this.answers = target.groupMean ? 1 : target.channels.length
    this.positions = bases.length
    this.mutations = mutationsOf(bases, placesOf(target))
    this.effects = kept?.effects ?? new Float32Array(this.answers * this.positions * 4).fill(Number.NaN)
    this.states = kept?.states ?? new Uint8Array(4 * this.positions)
    this.#exact = this.states.reduce((n, state) => n + (state === CELL.exact ? 1 : 0), 0)
    for (let i = 0; i < bases.length; i++) {
      const own = baseCode(bases.charCodeAt(i))
      if (own < 0) this.states.fill(CELL.unknown, 4 * i, 4 * i + 4)
      else {
        this.states[4 * i + own] = CELL.reference
        for (let t = 0; t < this.answers; t++) this.effects[this.at(t, 4 * i + own)] = 0
      }
    }
  }

  /** Place of a cell (4 · position + base) in the effects of an answer. */
  at(answer: number, cell: number): number {
    return answer * 4 * this.positions + cell
  }

  put(cell: number, values: ArrayLike<number>, state: number): void {
    if (state === CELL.exact && this.states[cell] !== CELL.exact) this.#exact++
    for (let t = 0; t < this.answers; t++) this.effects[this.at(t, cell)] = values[t]!
    this.states[cell] = state
  }

  of(cell: number): Float32Array {
    return Float32Array.from({ length: this.answers }, (_, t) => this.effects[this.at(t, cell)]!)
  }

  get exact(): number {
    return this.#exact
  }

  left(): readonly PlannedMutation[] {
    return this.mutations.filter(m => this.states[m.cell] !== CELL.exact)
  }

  /** Largest magnitude among the exact effects. */
  largest(): number {
    let most = 0
    for (const { cell } of this.mutations)
      if (this.states[cell] === CELL.exact)
        for (let t = 0; t < this.answers; t++) most = Math.max(most, Math.abs(this.effects[this.at(t, cell)]!))
    return most
  }
}

/** What each channel weighs in each of a scan's answers. */
export const answerWeights = ({ channels, groupMean }: Pick<ScanTarget, 'channels' | 'groupMean'>) =>
  groupMean
    ? [new Map(channels.map(channel => [channel, 1 / channels.length]))]
    : channels.map(channel => new Map([[channel, 1]]))

/** First-order estimates of all cells that are not exact: one pass forward and back an answer. */
export async function previewScan(
  target: ScanTarget,
  table: EffectTable,
  network: GradientNetwork,
  signal: AbortSignal,
): Promise<void> {
  const { plan, mean } = target
  const sequence = encoded(target.bases, target.json)
  const left = table.left()
  const estimates: Float32Array[] = []
  for (const channels of answerWeights(target)) {
    throwIfCancelled(signal)
    const gradient = await network.run(sequence, { channels, bins: plan.bins, mean }, signal)
    estimates.push(firstOrderEffects(gradient, sequence))
  }
  for (const { cell, position, base } of left) table.put(cell, estimates.map(e => e[4 * position + base]!), CELL.estimate) // biome-ignore format: one line
}

/** The stretch of the window that is mutated. */
function spanOf(target: ScanTarget): { readonly start: number; readonly end: number } {
  const there = placesOf(target).filter(place => place >= 0)
  return there.length > 0 ? { start: there[0]!, end: there.at(-1)! + 1 } : target.plan.region
}

/** A network that has read a scan's sequence, and scores mutants of it. */
export interface PreparedScan {
  /** Effects of some mutations, in their order, as they come. */
  run(
    mutations: readonly PlannedMutation[],
    signal: AbortSignal,
  ): AsyncGenerator<readonly [PlannedMutation, Float64Array]>
  /** [bins of the network, columns of the network]. */
  readonly reference: Float32Array
}

export async function prepareScan(
  target: ScanTarget,
  network: MutantNetwork,
  signal: AbortSignal,
): Promise<PreparedScan> {
  const { plan, channels, score, mean, groupMean } = target
  const reference = (await network.prepare(encoded(target.bases, target.json), spanOf(target), signal)).slice()
  const part = {
    width: network.columns.size,
    columns: channels.map(channel => network.columns.get(channel)!),
    first: plan.bins.first - network.bins.first,
    count: plan.bins.count,
  }
  const scorer = new EffectScorer(reference, part, { score, mean, groupMean })
  return {
    reference,
    async *run(mutations, callSignal) {
      for await (const { first, values } of network.run(mutations, callSignal))
        for (const [i, alternative] of values.entries()) yield [mutations[first + i]!, scorer.score(alternative)]
    },
  }
}

/** Computes exact cells again by full forward passes and compares. `naive` has not been prepared. */
export async function verifyCells(
  target: ScanTarget,
  table: EffectTable,
  mutations: readonly PlannedMutation[],
  naive: MutantNetwork,
  signal: AbortSignal,
): Promise<ScanVerification> {
  const prepared = await prepareScan(target, naive, signal)
  const [ours, theirs]: [number[], number[]] = [[], []]
  for await (const [mutation, values] of prepared.run(mutations, signal)) {
    throwIfCancelled(signal)
    ours.push(...table.of(mutation.cell))
    theirs.push(...Float32Array.from(values))
  }
  return compareEffects(ours, theirs, table.largest(), mutations.length)
}
