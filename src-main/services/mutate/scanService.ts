import { createHash } from 'node:crypto'
import { formatLocus } from '../../../src-shared/genome/locus.ts'
import { trackColumns } from '../../../src-shared/genome/model.ts'
import { CELL, type MutationProfile, type ScanData, type ScanRequest, type ScanVerification } from '../../../src-shared/genome/scan.ts' // biome-ignore format: one line
import type { ExportedFile } from '../../../src-shared/ipc/contract.ts'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { ScanAsked } from '../../../src-shared/ipc/outlookMethods.ts'
import type { ScanListing, ScanProgress } from '../../../src-shared/ipc/scanMethods.ts'
import type { JobSnapshot, WorkContext } from '../../../src-shared/job.ts'
import { estimateText } from '../../../src-shared/lab/costText.ts'
import type { JobOutlook } from '../../../src-shared/lab/plan.ts'
import { sampleOf } from '../../analyses/scanVerification.ts'
import type { Compute } from '../../compute/client.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import type { Downloads } from '../downloads.ts'
import { newId } from '../ids.ts'
import type { Jobs } from '../jobs.ts'
import { madeUpOf } from '../models/modelFacts.ts'
import { outlookOf, type PlanJob } from '../planner/jobPlanning.ts'
import type { JobRates } from '../planner/jobRates.ts'
import { pacedJob } from '../planner/pacedJob.ts'
import { noGradient } from './gradientNetwork.ts'
import { type MutantNetwork, openNaiveNetwork } from './mutantNetwork.ts'
import type { NetworkCache } from './networkCache.ts'
import { noExact, ranWith } from './openMutants.ts'
import { exactKind, type PlannedScan, plannedScan } from './plannedScan.ts'
import { scanTsv } from './scanFile.ts'
import { detached, networkKey, runScan, type Scan, type ScanJobHooks } from './scanJob.ts'
import { EffectTable, placesOf, regionBases, verifyCells } from './scanRun.ts'
import type { ScanHead, ScanStore } from './scanStore.ts'
import { type ScanSubject, type SubjectParts, scanSubject } from './scanSubject.ts'
import { encoded } from './windowSequence.ts'

export interface ScanServiceParts extends SubjectParts {
  readonly jobs: Jobs
  readonly downloads: Downloads
  readonly compute: () => Promise<Compute>
  readonly plan: PlanJob
  readonly registry: ModelRegistry
  readonly networks: NetworkCache
  readonly rates: JobRates
  readonly store: ScanStore
  readonly tell: (progress: ScanProgress) => void
  readonly now: () => number
  readonly version: string
  readonly fault: (error: unknown) => void
}

export interface Scans {
  outlook(asked: ScanAsked): Promise<JobOutlook>
  start(request: ScanRequest, context: WorkContext): Promise<{ scanId: string; job: JobSnapshot }>
  resume(scanId: string, context: WorkContext): Promise<{ scanId: string; job: JobSnapshot }>
  get(scanId: string): Promise<ScanData>
  focus(scanId: string, position: number): Promise<void>
  profile(
    scanId: string,
    at: { readonly position: number; readonly base: 'A' | 'C' | 'G' | 'T'; readonly column: number },
    context: WorkContext,
  ): Promise<MutationProfile>
  verify(scanId: string, cells: number, context: WorkContext): Promise<ScanVerification>
  list(): Promise<readonly ScanListing[]>
  close(scanId: string): Promise<void>
  export(scanId: string): Promise<ExportedFile>
}

const MAX_SPAN_BP = 2000
/** Effects of a scan: 4 M numbers are 16 MB on the wire. */
const MAX_VALUES = 4e6
/** Numbers of scans in memory; the others are read when they are asked for. */
const KEPT_BYTES = 96 * 1024 ** 2

const answersOf = ({ groupMean, channels }: ScanRequest): number => (groupMean ? 1 : channels.length)

/** Scans as jobs: first-order estimates first, then exact values from the focus outwards. What is done survives cancelling and a kill. */
export function createScans(parts: ScanServiceParts): Scans {
  const { jobs, store, now, registry, networks } = parts
  const scans = new Map<string, Scan>()
  let loaded: Promise<void> | undefined

  /** Scans of earlier runs. One that was running then was cut off. */
  const restore = () => {
    loaded ??= store.list().then(heads => {
      for (const head of heads)
        scans.set(head.scanId, {
          head: head.state === 'running' ? { ...head, state: head.exactCells > 0 ? 'partial' : 'cancelled' } : head,
          effects: new Float32Array(),
          states: new Uint8Array(),
          secondsLeft: null,
        })
    })
    return loaded
  }
  const find = async (scanId: string): Promise<Scan> => {
    await restore()
    const scan = scans.get(scanId)
    if (!scan) throw new WorkbenchError('not-found', 'this scan is not kept any more', 'scan again')
    if (scan.states.length === 0) {
      const { effects, states } = await store.read(scanId)
      Object.assign(scan, { effects, states })
    }
    scans.delete(scanId)
    scans.set(scanId, scan) // the most recently used are the last
    let bytes = 0
    for (const other of [...scans.values()].reverse()) {
      bytes += other.effects.byteLength
      if (bytes > KEPT_BYTES && other !== scan && !other.table)
        Object.assign(other, { effects: new Float32Array(), states: new Uint8Array() }) // they are in its file
    }
    return scan
  }
  const progressOf = ({ head }: Scan): ScanProgress => ({
    scanId: head.scanId,
    state: head.state,
    exactCells: head.exactCells,
    totalCells: head.totalCells,
  })
  const save = ({ head }: Scan, { effects, states }: EffectTable) => store.write({ head, effects, states })

  const subjectOf = (request: ScanRequest, context: WorkContext) => {
    const length = request.interval.end - request.interval.start
    if (length > MAX_SPAN_BP) throw new WorkbenchError('region', `${length.toLocaleString('en-US')} bp are more than the ${MAX_SPAN_BP.toLocaleString('en-US')} that a scan may have`, 'scan it in parts') // biome-ignore format: one thought
    if (!request.groupMean && request.channels.length * length * 4 > MAX_VALUES) throw new WorkbenchError('unsupported', `${request.channels.length.toLocaleString('en-US')} tracks of ${length.toLocaleString('en-US')} bp are too many values for one scan`, 'choose fewer tracks, or their mean') // biome-ignore format: one thought
    return scanSubject(request, parts, context)
  }
  const possible = (kind: string, { method, score }: Pick<ScanRequest, 'method' | 'score'>) => {
    const missing = method === 'exact' ? noExact(kind) : method === 'gradient' ? noGradient(kind, score) : undefined
    if (missing) throw new WorkbenchError('unsupported', missing, method === 'exact' ? 'use method naive' : 'use method exact or naive') // biome-ignore format: one thought
  }
  /** The model and reference of a stored scan under the ids that they have now. */
  const currentRequest = (head: ScanHead): ScanRequest => {
    const idOf = (path: string, before: string) => parts.files.entries().find(e => e.path === path)?.id ?? before
    return {
      ...head.request,
      modelFileId: idOf(head.modelPath, head.request.modelFileId),
      referenceFileId: idOf(head.referencePath, head.request.referenceFileId),
    }
  }
  const subjectAgain = async (scan: Scan, context: WorkContext): Promise<ScanSubject> => {
    const subject = await subjectOf(currentRequest(scan.head), context)
    const same = subject.model.json.weights.sha256 === scan.head.weightsSha256 && hashOf(subject.target.bases) === scan.head.windowSha256 // biome-ignore format: one thought
    if (!same) throw new WorkbenchError('changed', 'the model or the sequence is not what it was when this scan was made', 'scan again') // biome-ignore format: one thought
    return subject
  }

  const hooks: ScanJobHooks = {
    ...parts,
    tell: scan => parts.tell(progressOf(scan)),
    save: async (scan, table) => {
      // Closed meanwhile: nothing of it is kept.
      if (scans.has(scan.head.scanId)) await save(scan, table).catch(parts.fault)
    },
  }

  const begin = (scan: Scan, subject: ScanSubject, planned: PlannedScan): JobSnapshot => {
    const table = new EffectTable(subject.target, scan)
    scan.table = table
    const { method } = scan.head.request
    const { json } = subject.model
    const paced = method === 'exact' ? pacedJob({ rates: parts.rates, kind: exactKind(json), units: table.left().length, now }) : undefined // biome-ignore format: one line
    const counted = planned.cost(table.left().length) // its memory is watched from here on, whatever tells its time
    counted.catch(() => {})
    const job = jobs.start({
      kind: 'scan',
      title: `Mutations at ${formatLocus(subject.interval)} · ${scan.head.modelName}`,
      resumable: true,
      interactive: true,
      estimate: paced?.estimate ?? counted,
      peakBytes: planned.peakBytes,
      async run(context) {
        let complete = false
        try {
          const scanId = await runScan(scan, subject, table, hooks, paced?.watch(context) ?? context)
          complete = true
          return scanId
        } finally {
          await paced?.end(complete)
        }
      },
    })
    scan.jobId = job.id
    return job
  }

  /** A network of full passes for single questions, apart from those that scans hold. */
  const naive = async <T>(
    purpose: string,
    subject: ScanSubject,
    bins: { readonly first: number; readonly count: number } | undefined,
    context: WorkContext,
    work: (network: MutantNetwork) => Promise<T>,
  ): Promise<T> => {
    const { target, model } = subject
    const compute = await parts.compute()
    const request = { folder: model.folder, json: model.json, channels: target.channels, load: {}, ...(bins ? { bins } : {}) } // biome-ignore format: one line
    return networks.use(
      networkKey(purpose, subject, [bins ?? 'all']),
      () => openNaiveNetwork(request, compute, registry, detached(context)),
      work,
      context.signal,
    )
  }

  return {
    outlook: asked =>
      outlookOf(async () => {
        const { json } = await parts.models.use(asked.modelFileId)
        possible(json.kind, asked)
        const mutations = 3 * asked.spanBp
        const planned = await plannedScan(parts.plan, json, asked)
        if (asked.method !== 'exact') return { cost: await planned.cost(mutations) }
        const seconds = await parts.rates.seconds(exactKind(json), mutations)
        if (seconds !== undefined) return { cost: { seconds, peakBytes: null, basis: 'earlier' } }
        const naive = await planned.cost(mutations)
        return { note: `What this method saves depends on the network and the place: it is known after the first such scan.${naive ? ` By full passes it would be about ${estimateText(naive)}.` : ''}` } // biome-ignore format: one line
      }),
    async start(request, context) {
      await restore()
      const subject = await subjectOf(request, context)
      const { target, model, reference, geometry, interval } = subject
      possible(model.json.kind, request)
      const planned = await plannedScan(parts.plan, model.json, { ...request, answers: answersOf(request) })
      const table = new EffectTable(target)
      if (table.mutations.length === 0) throw new WorkbenchError('region', `no base of ${formatLocus(interval)} is known (all N)`, 'choose another place') // biome-ignore format: one thought
      const scanId = newId()
      const madeUp = madeUpOf(model.json)
      const { rows } = model.table
      const scan: Scan = {
        head: {
          version: 1,
          scanId,
          request: { ...request, interval },
          modelPath: parts.files.entries().find(e => e.id === request.modelFileId)?.path ?? model.folder,
          referencePath: reference.entry.path,
          modelName: model.json.name,
          modelId: model.json.id,
          weightsSha256: model.json.weights.sha256,
          columns: request.groupMean
            ? [{ channel: -1, name: `mean of ${request.channels.length} tracks`, unit: commonUnit(request.channels.map(c => rows[c]!.unit)) }] // biome-ignore format: one row
            : trackColumns(rows, request.channels),
          sequence: regionBases(target),
          windowSha256: hashOf(target.bases),
          window: target.plan.window,
          answered: target.plan.answered,
          bins: { ...target.plan.bins, binBp: geometry.binBp },
          state: 'running',
          ranWith: '',
          verified: null,
          warnings: [...subject.warnings, ...(madeUp ? [`the model was trained on ${madeUp} data: its numbers say nothing about people`] : [])], // biome-ignore format: one line
          createdAt: now(),
          exactCells: 0,
          totalCells: table.mutations.length,
        },
        effects: table.effects,
        states: table.states,
        secondsLeft: null,
      }
      scans.set(scanId, scan)
      return { scanId, job: begin(scan, subject, planned) }
    },
    async resume(scanId, context) {
      const scan = await find(scanId)
      if (scan.head.state === 'running' || scan.table) throw new WorkbenchError('bad-input', 'this scan is running already', 'wait for it') // biome-ignore format: one thought
      const subject = await subjectAgain(scan, context)
      const planned = await plannedScan(parts.plan, subject.model.json, { ...scan.head.request, answers: answersOf(scan.head.request) }) // biome-ignore format: one line
      scan.head = { ...scan.head, state: 'running', request: currentRequest(scan.head) }
      return { scanId, job: begin(scan, subject, planned) }
    },
    async get(scanId) {
      const scan = await find(scanId)
      const { head } = scan
      return {
        scanId,
        request: currentRequest(head),
        columns: head.columns,
        sequence: head.sequence,
        effects: scan.effects.slice(),
        states: scan.states.slice(),
        window: head.window,
        answered: head.answered,
        state: head.state,
        exactCells: head.exactCells,
        totalCells: head.totalCells,
        secondsLeft: scan.secondsLeft,
        ranWith: head.ranWith,
        verified: head.verified,
        warnings: head.warnings,
      }
    },
    async focus(scanId, position) {
      const scan = await find(scanId)
      const { start, end } = scan.head.request.interval
      scan.focus = Math.min(end - 1, Math.max(start, position))
      const cell = 4 * (scan.focus - start)
      scan.refocus = [0, 1, 2, 3].some(k => scan.states[cell + k] === CELL.missing || scan.states[cell + k] === CELL.estimate) // biome-ignore format: one line
    },
    async profile(scanId, { position, base, column }, context) {
      const scan = await find(scanId)
      const { interval, groupMean } = scan.head.request
      const at = position - interval.start
      const ref = scan.head.sequence[at]
      if (ref === undefined || column >= scan.head.columns.length) throw new WorkbenchError('bad-input', `no position ${position + 1} or column ${column} is in this scan`, 'choose a cell of the scan') // biome-ignore format: one thought
      if (ref === 'N') throw new WorkbenchError('region', `no base is known at ${formatLocus({ ...interval, start: position, end: position + 1 })}`, 'choose another position') // biome-ignore format: one thought
      const subject = await subjectAgain(scan, context)
      const place = placesOf(subject.target)[at]!
      return naive('profile', subject, undefined, context, async network => {
        const sequence = encodedOf(subject)
        const key = networkKey('profile', subject, [scan.head.windowSha256])
        if (scan.reference?.key !== key) {
          const values = (await network.prepare(sequence, { start: place, end: place + 1 }, context.signal)).slice()
          scan.reference = { key, values }
        }
        const of = (values: Float32Array) => columnOf(values, subject, network, groupMean ? undefined : column)
        const alternative = await network.prepare(mutated(sequence, place, base), { start: 0, end: 1 }, context.signal)
        const { contig, start } = subject.target.plan.answered
        return {
          scanId,
          position,
          ref,
          alt: base,
          contig,
          start,
          binBp: subject.geometry.binBp,
          column,
          reference: of(scan.reference.values),
          alternative: of(alternative),
          ranWith: ranWith('full passes', network.provider),
        }
      })
    },
    async verify(scanId, cells, context) {
      const scan = await find(scanId)
      const subject = await subjectAgain(scan, context)
      const table = scan.table ?? new EffectTable(subject.target, scan)
      const exact = table.mutations.filter(m => table.states[m.cell] === CELL.exact)
      if (exact.length === 0) throw new WorkbenchError('bad-input', 'no exact value is there to verify', 'wait for the scan, or resume it') // biome-ignore format: one thought
      const sample = sampleOf(exact, cells, scan.head.createdAt)
      const verified = await naive('verify', subject, subject.target.plan.bins, context, network =>
        verifyCells(subject.target, table, sample, network, context.signal),
      )
      scan.head = { ...scan.head, verified }
      await hooks.save(scan, table)
      parts.tell(progressOf(scan))
      return verified
    },
    async list() {
      await restore()
      return [...scans.values()]
        .map(({ head, jobId }) => ({
          scanId: head.scanId,
          request: currentRequest(head),
          modelName: head.modelName,
          state: head.state,
          exactCells: head.exactCells,
          totalCells: head.totalCells,
          createdAt: head.createdAt,
          jobId: jobId ?? null,
        }))
        .sort((a, b) => b.createdAt - a.createdAt)
    },
    async close(scanId) {
      await restore()
      const scan = scans.get(scanId)
      scans.delete(scanId)
      if (scan?.jobId && scan.table) {
        jobs.cancel(scan.jobId)
        await jobs.ended(scan.jobId)
      }
      await store.remove(scanId)
    },
    async export(scanId) {
      const scan = await find(scanId)
      const { head } = scan
      const { contig, start, end } = head.request.interval
      const name = `mutations-${contig}-${start + 1}-${end}.tsv`.replace(/[^A-Za-z0-9._-]+/g, '_')
      const text = scanTsv(scan, { version: parts.version, createdAt: new Date(now()).toISOString() })
      return parts.downloads.add({ name, contentType: 'text/tab-separated-values', bytes: new TextEncoder().encode(text) }) // biome-ignore format: one call
    },
  }
}

const hashOf = (bases: string): string => createHash('sha256').update(bases).digest('hex')

const commonUnit = (units: readonly (string | undefined)[]): string =>
  new Set(units).size === 1 ? (units[0] ?? '') : ''

const encodedOf = ({ target }: ScanSubject): Float32Array => encoded(target.bases, target.json)

function mutated(sequence: Float32Array, place: number, base: string): Float32Array {
  const out = sequence.slice()
  out.fill(0, 4 * place, 4 * place + 4)
  out[4 * place + 'ACGT'.indexOf(base)] = 1
  return out
}

/** One column of a prediction [kept bins, columns], or the mean of the scan's tracks. */
function columnOf(
  values: Float32Array,
  { target }: ScanSubject,
  network: MutantNetwork,
  column: number | undefined,
): Float32Array {
  const width = network.columns.size
  const channels = column === undefined ? target.channels : [target.channels[column]!]
  const from = channels.map(channel => network.columns.get(channel)!)
  return Float32Array.from({ length: values.length / width }, (_, b) => from.reduce((sum, c) => sum + values[b * width + c]!, 0) / from.length) // biome-ignore format: one line
}
