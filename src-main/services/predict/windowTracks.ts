import { createHash } from 'node:crypto'
import type { PredictOptions } from '../../../src-shared/genome/prediction.ts'
import { throwIfCancelled } from '../../../src-shared/ipc/errors.ts'
import { oneHot, reverseComplement } from '../../analyses/oneHot.ts'
import { addPass, passes, strandPartners, windowGeometry } from '../../analyses/predict.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import type { TrackNetwork } from './trackNetwork.ts'

/** Changes when the same network would give other numbers for the same key. */
const VERSION = 1

/** Bases that are read beyond a window on each side, for windows that are moved. */
export const marginBp = (options: PredictOptions): number => Math.max(0, ...options.shiftsBp.map(Math.abs))

/**
 * What a predicted window is kept under: the weights and all that says how they are used, the options, and the bases that were read
 * (window and margins). Whose bases they are and where they lie does not matter.
 */
export function windowKeys(json: ModelJson, options: PredictOptions): (bases: string) => string {
  const { kind, architecture, input, output, weights } = json
  const strands = options.bothStrands ? json.tracks.map(t => t.strandPair ?? t.index) : []
  const shifts = [...options.shiftsBp].sort((a, b) => a - b)
  const model = createHash('sha256')
    .update(
      JSON.stringify([
        VERSION,
        weights.sha256,
        kind,
        architecture,
        input,
        output,
        options.bothStrands,
        shifts,
        strands,
      ]),
    )
    .digest()
  return bases => createHash('sha256').update(model).update(bases).digest('hex')
}

/** The channels that a network must compute for some channels: with both strands, their partners too. */
export const channelsToRun = (
  json: ModelJson,
  channels: readonly number[],
  options: PredictOptions,
): readonly number[] =>
  [...new Set([...channels, ...(options.bothStrands ? strandPartners(channels, json.tracks) : [])])].sort(
    (a, b) => a - b,
  )

/**
 * The kept bins of one window, a value a bin for each channel, averaged over the passes that the options ask for. `bases`: the window with
 * its margins.
 * @throws WorkbenchError `not-finite`, `unsupported` (a strand without its partner), `cancelled`, and what the engine throws
 */
export async function windowTracks(
  network: TrackNetwork,
  json: ModelJson,
  channels: readonly number[],
  options: PredictOptions,
  bases: string,
  signal: AbortSignal,
): Promise<Map<number, Float32Array>> {
  const { windowBp, bins } = windowGeometry(json)
  const unknown = json.input.type === 'dna' ? json.input.unknown : 'zeros'
  const margin = marginBp(options)
  const partners = options.bothStrands ? strandPartners(channels, json.tracks) : channels
  const of = channels.map(c => network.columns.get(c)!)
  const reverseOf = partners.map(c => network.columns.get(c)!)
  const each = passes(options.shiftsBp, options.bothStrands)
  const all = { start: 0, outBin: 0, firstBin: 0, count: bins }
  const sums = each.length > 1 ? new Float64Array(bins * channels.length) : new Float32Array(bins * channels.length)
  for (const pass of each) {
    throwIfCancelled(signal)
    const from = margin + pass.shiftBp
    const sequence = new Float32Array(network.batch * 4 * windowBp)
    const own = sequence.subarray(0, 4 * windowBp)
    oneHot(bases.slice(from, from + windowBp), unknown, own)
    if (pass.reverse) reverseComplement(own)
    const [values] = await network.run(sequence, signal)
    addPass(sums, all, pass, { values: values!, columns: network.columns.size, of, reverseOf }, 1 / each.length)
  }
  return new Map(
    channels.map((channel, t) => [
      channel,
      Float32Array.from({ length: bins }, (_, b) => sums[b * channels.length + t]!),
    ]),
  )
}
