import type { Interval } from '../../../src-shared/genome/interval.ts'
import { type Contig, formatLocus } from '../../../src-shared/genome/locus.ts'
import type { PredictedBins } from '../../../src-shared/genome/prediction.ts'
import type { Args } from '../../../src-shared/ipc/contract.ts'
import { throwIfCancelled, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { PredictionChanged, PredictionSubject } from '../../../src-shared/ipc/modelMethods.ts'
import type { JobSnapshot, WorkContext } from '../../../src-shared/job.ts'
import type { JobCost, JobOutlook } from '../../../src-shared/lab/plan.ts'
import { passes } from '../../analyses/predict.ts'
import { keptStart, middleOut, type ViewGrid, viewGrid } from '../../analyses/viewGrid.ts'
import type { Jobs } from '../jobs.ts'
import type { OpenModel } from '../models/openModels.ts'
import { outlookOf, type PlanJob, type PlannedJob } from '../planner/jobPlanning.ts'
import type { NetworkPool } from './networkPool.ts'
import type { PredictionStore, WindowTracks } from './predictionStore.ts'
import { contigOf, readWindow, referenceBins, type Subject, type WindowFacts } from './subject.ts'
import { allThere, hasAll, missingWindows, valuesOf, viewAnswer, warningsOf } from './viewAnswer.ts'
import { createViewQueue } from './viewQueue.ts'
import { channelsToRun, windowTracks } from './windowTracks.ts'

/** A view computes at most so many windows by itself. */
export const MAX_VIEW_WINDOWS = 64
/** Bins x channels that a view is made of: beyond, folding them would hold up everything else. */
const MAX_VIEW_VALUES = 4_000_000
/** Bins x channels of an export or a comparison. */
const MAX_VALUES = 2 ** 26
/** Models whose plan is kept. */
const KEPT_PLANS = 16
/** A view waits so long for windows that are nearly there before it answers with what it has. */
const PATIENCE_MS = 40

/** Every bin of an interval, in reference coordinates. */
export interface PredictedTracks {
  readonly contig: Contig
  /** First base of the first bin, a multiple of binBp. */
  readonly start: number
  readonly binBp: number
  readonly bins: number
  /** [bins, channels]; NaN where a haplotype has no base. */
  readonly values: Float32Array
  readonly unknown: Uint8Array
  readonly deleted: Uint8Array
  readonly device: string
  readonly warnings: readonly string[]
}

export interface Predictions {
  bins(asked: Args<'predict.bins'>, context: WorkContext): Promise<PredictedBins> // biome-ignore format: one line
  region(asked: PredictionSubject & { readonly interval: Interval; readonly channels: readonly number[] }, context: WorkContext): Promise<JobSnapshot> // biome-ignore format: one line
  /** Computes what is missing and waits for it. `maxWindows`: more than that to be computed are refused. */
  tracks(asked: PredictionSubject & { readonly interval: Interval; readonly channels: readonly number[] }, context: WorkContext, maxWindows?: number): Promise<PredictedTracks> // biome-ignore format: one line
  /** What computing the rest of a region will cost. */
  outlook(asked: PredictionSubject & { readonly interval: Interval; readonly channels: readonly number[] }, context: WorkContext): Promise<JobOutlook> // biome-ignore format: one line
  /** The same as a plan: undefined where all of it is there. @throws WorkbenchError `out-of-memory` with the largest setting that fits */
  planned(asked: PredictionSubject & { readonly interval: Interval; readonly channels: readonly number[] }, context: WorkContext): Promise<PlannedRegion | undefined> // biome-ignore format: one line
  /** Stops what runs for views. */
  close(): void
}

export interface PlannedRegion {
  /** Windows of the grid that are not computed yet. */
  readonly windows: number
  cost(): Promise<JobCost | undefined>
  peakBytes: PlannedJob['peakBytes']
}

/** Predictions for views, regions, comparisons and exports, all from the same grid windows and the same cache. */
export function createPredictions(parts: {
  readonly subject: (asked: PredictionSubject, context: WorkContext) => Promise<Subject>
  readonly networks: NetworkPool
  readonly store: PredictionStore
  readonly jobs: Jobs
  readonly tell: (change: PredictionChanged) => void
  readonly now: () => number
  readonly plan: PlanJob
}): Predictions {
  const { networks, store, jobs } = parts

  /** A model is planned once: what will not fit is refused before its network is opened, and asked again the next time. */
  const plans = new Map<string, Promise<PlannedJob>>()
  const planOnce = ({ state, json }: OpenModel): Promise<PlannedJob> => {
    const found = plans.get(state)
    if (found) return found
    const made = parts.plan({ json, work: 'inference', device: 'auto' })
    plans.set(state, made)
    for (const old of [...plans.keys()].slice(0, -KEPT_PLANS)) plans.delete(old)
    made.catch(() => plans.delete(state))
    return made
  }
  const passesOf = ({ options }: Subject) => passes(options.shiftsBp, options.bothStrands).length

  /** One window, from the cache or computed. */
  const window = async (
    subject: Subject,
    contig: Contig,
    index: number,
    channels: readonly number[],
    context: WorkContext,
  ): Promise<{ readonly parts: readonly WindowTracks[]; readonly facts: WindowFacts }> => {
    const known = subject.facts.get(`${contig.name}:${index}`)
    if (known) {
      const kept = await Promise.all(known.storeKeys.map(store.get))
      if (allThere(kept, channels)) return { parts: kept, facts: known }
    }
    const { bases, ...facts } = await readWindow(subject, contig, index, context)
    await new Promise(done => setImmediate(done)) // cutting and encoding a long window take some 10 ms each
    const { model, options } = subject
    const parts: WindowTracks[] = []
    for (const [i, key] of facts.storeKeys.entries()) {
      const there = await store.get(key)
      if (there && hasAll(there, channels)) {
        parts.push(there)
        continue
      }
      await model.verify(context)
      await planOnce(model)
      const made = await networks.use(model, channelsToRun(model.json, channels, options), context, async network => ({
        channels: await windowTracks(network, model.json, channels, options, bases[i]!, context.signal),
        device: deviceText(network.provider.ran),
      }))
      await store.put(key, made)
      parts.push(made)
    }
    return { parts, facts }
  }

  const queue = createViewQueue({
    jobs,
    now: parts.now,
    tell: parts.tell,
    cost: async ({ subject }, windows) => (await planOnce(subject.model)).cost(windows * passesOf(subject)),
    compute: async (view, index, context) =>
      void (await window(view.subject, view.contig, index, view.channels, context)),
  })

  /** @throws WorkbenchError `not-found`, `region` */
  const placed = (subject: Subject, interval: Interval, strict: boolean) => {
    const contig = contigOf(subject, interval.contig)
    const end = strict ? interval.end : Math.min(interval.end, contig.length)
    if (interval.start >= end || end > contig.length) throw new WorkbenchError('region', `${formatLocus(interval)} is not within contig '${contig.name}' (${contig.length.toLocaleString('en-US')} bp)`, 'ask for a region inside the contig') // biome-ignore format: one thought
    return { contig, interval: { contig: contig.name, start: interval.start, end } }
  }
  const checkChannels = ({ model }: Subject, channels: readonly number[]) => {
    const tracks = model.json.tracks.length
    const odd = channels.find(c => c >= tracks)
    if (odd !== undefined) throw new WorkbenchError('not-found', `track ${odd} is not among the ${tracks.toLocaleString('en-US')} of '${model.json.id}'`, 'choose one of its tracks') // biome-ignore format: one thought
    if (channels.length === 0 || new Set(channels).size !== channels.length) throw new WorkbenchError('bad-input', 'the list of tracks is empty or names one twice', 'choose tracks') // biome-ignore format: one thought
  }

  /** On the disk it is as good as there. */
  const isKept = (subject: Subject, contig: Contig, index: number): boolean =>
    subject.facts.get(`${contig.name}:${index}`)?.storeKeys.every(store.has) === true
  const planned: Predictions['planned'] = async (asked, context) => {
    const subject = await parts.subject(asked, context)
    checkChannels(subject, asked.channels)
    const { contig, interval } = placed(subject, asked.interval, true)
    const grid = viewGrid(interval, Number.MAX_SAFE_INTEGER, subject.geometry)
    const windows = missingWindows(subject, contig, grid, asked.channels, store).filter(i => !isKept(subject, contig, i)).length // biome-ignore format: one line
    if (windows === 0) return undefined
    const job = await parts.plan({ json: subject.model.json, work: 'inference', device: 'auto' })
    return { windows, cost: () => job.cost(windows * passesOf(subject)), peakBytes: job.peakBytes }
  }

  return {
    planned,
    outlook: (asked, context) =>
      outlookOf(async () => {
        const plan = await planned(asked, context)
        if (!plan) return { note: 'All of it is computed already.' }
        const cost = await plan.cost()
        const n = plan.windows.toLocaleString('en-US')
        return { cost, ...(cost ? { note: `${n} ${plan.windows === 1 ? 'window is' : 'windows are'} not computed yet.` } : {}) } // biome-ignore format: one line
      }),
    async bins(asked, context) {
      const { channels } = asked
      const subject = await parts.subject(asked, context)
      checkChannels(subject, channels)
      const { contig, interval } = placed(subject, asked.interval, false)
      const grid = viewGrid(interval, asked.bins, subject.geometry)
      if ((grid.endBin - grid.firstBin) * channels.length > MAX_VIEW_VALUES) throw tooWide(grid)
      const missing = () => missingWindows(subject, contig, grid, channels, store)
      let left = missing()
      let pending: PredictedBins['pending'] = 'none'
      let failure: PredictedBins['failure']
      const toCompute = left.filter(index => !isKept(subject, contig, index))
      if (toCompute.length > MAX_VIEW_WINDOWS) {
        if (left.length === grid.end - grid.first) throw tooWide(grid)
        pending = 'too-many'
      } else if (left.length > 0) {
        const view = { subject, contig, channels, windows: middleOut(0, left.length, (left.length - 1) / 2).map(i => left[i]!) } // biome-ignore format: one line
        failure = await queue.ask(view, PATIENCE_MS)
        left = missing()
        if (left.length > 0 && !failure) pending = 'running'
      }
      return viewAnswer(store, subject, contig, grid, channels, pending, failure, asked.units)
    },

    async region(asked, context) {
      const subject = await parts.subject(asked, context)
      const { channels } = asked
      checkChannels(subject, channels)
      const { contig, interval } = placed(subject, asked.interval, true)
      const grid = viewGrid(interval, Number.MAX_SAFE_INTEGER, subject.geometry)
      const total = grid.end - grid.first
      const bytes = total * subject.geometry.bins * channels.length * 4
      const { limit } = await store.state()
      if (bytes > limit) throw new WorkbenchError('unsupported', `${formatLocus(interval)} in ${channels.length} tracks needs ${Math.ceil(bytes / 2 ** 20)} MiB, the cache holds ${Math.floor(limit / 2 ** 20)}`, "ask for fewer tracks or a smaller region, or write a file with 'diploscope predict'") // biome-ignore format: one thought
      const plan = await planned(asked, context)
      return jobs.start({
        kind: 'predict',
        ...(plan ? { estimate: plan.cost(), peakBytes: plan.peakBytes } : {}),
        title: `${subject.model.json.name}: ${channels.length === 1 ? 'one track' : `${channels.length} tracks`} over ${formatLocus(interval)}`,
        run: async job => {
          const g = subject.geometry
          let told = parts.now()
          let from = grid.first
          const tell = (to: number) => {
            parts.tell({ ...subject.ids, contig: contig.name, start: keptStart(from, g), end: keptStart(to, g) })
            told = parts.now()
            from = to
          }
          for (let index = grid.first; index < grid.end; index++) {
            throwIfCancelled(job.signal)
            job.report({ phase: 'predicting', done: index - grid.first, total })
            await window(subject, contig, index, channels, job)
            if (parts.now() - told > 500) tell(index + 1)
          }
          tell(grid.end)
          return undefined
        },
      })
    },

    async tracks(asked, context, maxWindows = Number.MAX_SAFE_INTEGER) {
      const subject = await parts.subject(asked, context)
      const { channels } = asked
      checkChannels(subject, channels)
      const { contig, interval } = placed(subject, asked.interval, true)
      const g = subject.geometry
      const grid = viewGrid(interval, Number.MAX_SAFE_INTEGER, g)
      const bins = grid.endBin - grid.firstBin
      if (bins * channels.length > MAX_VALUES) throw new WorkbenchError('out-of-memory', `${bins.toLocaleString('en-US')} bins of ${channels.length} tracks are too many to hold`, 'ask for fewer tracks or a smaller region') // biome-ignore format: one thought
      if (missingWindows(subject, contig, grid, channels, store).length > maxWindows) throw tooWide(grid, maxWindows)
      const out = {
        values: new Float32Array(bins * channels.length).fill(Number.NaN),
        unknown: new Uint8Array(bins),
        deleted: new Uint8Array(bins),
      }
      const met: WindowFacts[] = []
      let device = ''
      for (const [done, index] of middleOut(grid.first, grid.end, grid.first).entries()) {
        throwIfCancelled(context.signal)
        context.report({ phase: 'predicting', done, total: grid.end - grid.first })
        const w = await window(subject, contig, index, channels, context)
        met.push(w.facts)
        device = w.parts[0]!.device
        const first = index * g.bins - grid.firstBin
        const [from, to] = [Math.max(0, -first), Math.min(g.bins, bins - first)]
        out.unknown.set(w.facts.unknown.subarray(from, to), first + from)
        channels.forEach((channel, t) => {
          const { values, gap } = referenceBins(subject, index, w.facts, valuesOf(w.parts, channel))
          for (let b = from; b < to; b++) out.values[(first + b) * channels.length + t] = values[b]!
          if (gap && t === 0) out.deleted.set(gap.subarray(from, to), first + from)
        })
      }
      return {
        contig,
        start: grid.firstBin * g.binBp,
        binBp: g.binBp,
        bins,
        ...out,
        device,
        warnings: warningsOf(subject, met, out.unknown, out.deleted),
      }
    },
    close: queue.close,
  }
}

const tooWide = (grid: ViewGrid, limit = MAX_VIEW_WINDOWS) =>
  new WorkbenchError('unsupported', `this view needs ${(grid.end - grid.first).toLocaleString('en-US')} windows of the model and at most ${limit.toLocaleString('en-US')} are computed at once`, 'zoom in, or compute the region as a job', { windows: grid.end - grid.first, limit }) // biome-ignore format: one thought

/** As `CPUExecutionProvider` for reading. */
const deviceText = (ran: Readonly<Record<string, number>>): string =>
  Object.entries(ran)
    .sort((a, b) => b[1] - a[1])
    .map(([name]) => name.replace('ExecutionProvider', '').toLowerCase())
    .join(' and ') || 'cpu'
