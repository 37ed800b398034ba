import { CELL } from '../../../src-shared/genome/scan.ts'
import { asWorkbenchError, throwIfCancelled } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { nearestFirst } from '../../analyses/scanPlan.ts'
import type { Compute } from '../../compute/client.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import { noGradient, openGradientNetwork } from './gradientNetwork.ts'
import type { NetworkCache } from './networkCache.ts'
import { openMutants, ranWith, stretchOf } from './openMutants.ts'
import { type EffectTable, placesOf, prepareScan, previewScan } from './scanRun.ts'
import type { ScanHead } from './scanStore.ts'
import type { ScanSubject } from './scanSubject.ts'

/** A scan in memory. */
export interface Scan {
  head: ScanHead
  effects: Float32Array
  states: Uint8Array
  /** While its job lives. */
  table?: EffectTable
  jobId?: string
  focus?: number
  /** The focus has moved to where values are missing. */
  refocus?: boolean
  secondsLeft: number | null
  /** The reference prediction of all kept bins, by which a mutation's profile is drawn. */
  reference?: { readonly values: Float32Array; readonly key: string }
}

/** What a scan's job needs of those around it. */
export interface ScanJobHooks {
  readonly compute: () => Promise<Compute>
  readonly registry: ModelRegistry
  readonly networks: NetworkCache
  readonly now: () => number
  readonly tell: (scan: Scan) => void
  readonly save: (scan: Scan, table: EffectTable) => Promise<void>
}

/** A preview takes a pass forward and back for each answer: with more of them the exact values come first. */
export const MAX_PREVIEWS = 32
const TELL_EVERY_MS = 250
const SAVE_EVERY_MS = 2000
/** The order is not turned round more often than this: what was begun elsewhere is lost. */
const REFOCUS_MS = 1000

/** A network of a model for these tracks and this purpose, under which it stays open. */
export const networkKey = (purpose: string, subject: ScanSubject, more: readonly unknown[]): string =>
  JSON.stringify([purpose, subject.model.state, subject.target.channels, ...more])

/** Work on a network that outlives the call that opens it: its end is not the network's. */
export const detached = (context: WorkContext): WorkContext => ({
  signal: new AbortController().signal,
  report: context.report,
})

/** The work of a scan: estimates, then exact values from the focus outwards. Leaves the scan saved, whatever becomes of it. */
export async function runScan(
  scan: Scan,
  subject: ScanSubject,
  table: EffectTable,
  hooks: ScanJobHooks,
  context: WorkContext,
): Promise<string> {
  const { now } = hooks
  const { scanId } = scan.head
  const { method } = scan.head.request
  let toldAt = Number.NEGATIVE_INFINITY
  let savedAt = now()
  const noted = (change: Partial<ScanHead>, always = false) => {
    scan.head = { ...scan.head, ...change, exactCells: table.exact }
    if (always || now() - toldAt >= TELL_EVERY_MS) {
      toldAt = now()
      hooks.tell(scan)
    }
    if (now() - savedAt >= SAVE_EVERY_MS) {
      savedAt = now()
      void hooks.save(scan, table)
    }
    context.report({ phase: 'mutating', done: scan.head.exactCells, total: scan.head.totalCells })
  }
  try {
    await subject.model.verify(context)
    const why = noGradient(subject.model.json.kind, scan.head.request.score)
    const answers = table.answers
    if (method === 'gradient' || (!why && answers <= MAX_PREVIEWS && table.left().length > 0)) {
      const warning = await preview(subject, table, hooks, context).catch(error => {
        const e = asWorkbenchError(error)
        if (method === 'gradient' || e.code === 'cancelled') throw e
        return `no preview: ${e.message}`
      })
      noted({ ...(typeof warning === 'string' ? { warnings: withWarning(scan, warning) } : {}) }, true)
    } else if (why || answers > MAX_PREVIEWS)
      noted({ warnings: withWarning(scan, `no preview: ${why ?? `${answers} tracks would take a pass each`}`) }, true) // biome-ignore format: one line
    if (method === 'gradient') noted({ state: 'done', ranWith: `${method}: every value is a first-order estimate` })
    else {
      const ran = await fill(scan, subject, table, method, noted, hooks, context)
      noted({ state: 'done', ranWith: ran })
    }
    return scanId
  } catch (error) {
    const { code, message } = asWorkbenchError(error)
    const state = code === 'cancelled' ? (table.exact > 0 ? 'partial' : 'cancelled') : 'failed'
    const warnings = state === 'failed' ? withWarning(scan, message) : scan.head.warnings
    scan.head = { ...scan.head, state, warnings }
    throw error
  } finally {
    scan.secondsLeft = null
    scan.head = { ...scan.head, exactCells: table.exact }
    await hooks.save(scan, table)
    delete scan.table
    hooks.tell(scan)
  }
}

async function preview(
  subject: ScanSubject,
  table: EffectTable,
  hooks: ScanJobHooks,
  context: WorkContext,
): Promise<undefined> {
  const { target, model } = subject
  const compute = await hooks.compute()
  const request = { folder: model.folder, json: model.json, channels: target.channels, score: target.score, load: {} }
  context.report({ phase: 'previewing', done: 0, total: 1 })
  await hooks.networks.use(
    networkKey('gradient', subject, [target.score === 'sar' || target.score === 'logfold' ? target.score : 'sad']),
    () => openGradientNetwork(request, compute, hooks.registry, detached(context)),
    network => previewScan(target, table, network, context.signal),
    context.signal,
  )
}

async function fill(
  scan: Scan,
  subject: ScanSubject,
  table: EffectTable,
  method: 'exact' | 'naive',
  noted: (change: Partial<ScanHead>) => void,
  hooks: ScanJobHooks,
  context: WorkContext,
): Promise<string> {
  const { now } = hooks
  const { target, model } = subject
  const { bins } = target.plan
  const compute = await hooks.compute()
  const request = { folder: model.folder, json: model.json, channels: target.channels, bins, load: {} }
  const places = placesOf(target)
  return hooks.networks.use(
    networkKey(method, subject, [bins]),
    () => openMutants(method, request, compute, hooks.registry, detached(context)),
    async network => {
      const prepared = await prepareScan(target, network, context.signal)
      const started = now()
      const before = table.exact
      for (let left = table.left(); left.length > 0; left = table.left()) {
        throwIfCancelled(context.signal)
        const at = scan.focus ?? Math.floor((subject.interval.start + subject.interval.end) / 2)
        const focus = places[at - subject.interval.start] ?? places[places.length >> 1]!
        const begun = now()
        scan.refocus = false
        // All that is left at once: the network makes batches of it as suits its method.
        for await (const [{ cell }, values] of prepared.run(
          nearestFirst(left, focus, stretchOf(network)),
          context.signal,
        )) {
          throwIfCancelled(context.signal)
          table.put(cell, values, CELL.exact)
          const done = table.exact - before
          scan.secondsLeft = ((now() - started) / 1000 / done) * (table.mutations.length - before - done)
          noted({})
          if (scan.refocus && now() - begun >= REFOCUS_MS) break
        }
      }
      return ranWith(method, network.provider)
    },
    context.signal,
  )
}

/** Each sentence once, also when a scan is resumed. */
const withWarning = ({ head }: Scan, warning: string): readonly string[] => [...new Set([...head.warnings, warning])]
