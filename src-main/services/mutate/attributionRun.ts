import type { AttributionBins } from '../../../src-shared/ipc/scanMethods.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { attributionPeaks, gradientTimesInput } from '../../analyses/attribution.ts'
import type { Compute } from '../../compute/client.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import { openGradientNetwork } from './gradientNetwork.ts'
import type { NetworkCache } from './networkCache.ts'
import { ranWith } from './openMutants.ts'
import { answerWeights, placesOf } from './scanRun.ts'
import type { ScanSubject } from './scanSubject.ts'
import { encoded } from './windowSequence.ts'

/**
 * Gradient x input of each base of an interval: what it adds, to first order, to the mean of the tracks over the bins of the interval
 * (mean over tracks and bins, as Avsec et al. 2021). Bases that the background does not have are 0.
 */
export async function attributionOf(
  subject: ScanSubject,
  parts: {
    readonly compute: () => Promise<Compute>
    readonly registry: ModelRegistry
    readonly networks: NetworkCache
  },
  context: WorkContext,
): Promise<AttributionBins> {
  const { target, model, interval } = subject
  const { json, channels, plan } = target
  const compute = await parts.compute()
  const request = { folder: model.folder, json, channels, score: 'sad', load: {} } as const
  const detached = { signal: new AbortController().signal, report: context.report }
  const key = JSON.stringify(['gradient', model.state, channels, 'sad'])
  return parts.networks.use(
    key,
    () => openGradientNetwork(request, compute, parts.registry, detached),
    async network => {
      // biome-ignore format: one line
      const sequence = encoded(target.bases, json)
      const [weights] = answerWeights({ channels, groupMean: true })
      const gradient = await network.run(sequence, { channels: weights!, bins: plan.bins, mean: true }, context.signal)
      const all = gradientTimesInput(gradient, sequence)
      const places = placesOf(target)
      const values = Float32Array.from(places, place => all[place] ?? 0)
      const bases = Array.from(places, place => target.bases[place] ?? 'N').join('')
      return {
        contig: interval.contig,
        start: interval.start,
        values,
        peaks: attributionPeaks(values, bases, interval.start),
        ranWith: ranWith('gradient x input', network.provider),
        warnings: subject.warnings,
      }
    },
    context.signal,
  )
}
