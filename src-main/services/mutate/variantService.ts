import { readdir, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { findContig } from '../../../src-shared/genome/contigs.ts'
import { contains, type Interval } from '../../../src-shared/genome/interval.ts'
import { trackColumns } from '../../../src-shared/genome/model.ts'
import type { ScanData, VariantEffect } from '../../../src-shared/genome/scan.ts'
import type { ExportedFile } from '../../../src-shared/ipc/contract.ts'
import { asWorkbenchError, throwIfCancelled, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type {
  VariantRowsPage,
  VariantRowsRequest,
  VariantState,
  VariantTableProgress,
  VariantTableRequest,
} from '../../../src-shared/ipc/scanMethods.ts'
import type { JobSnapshot, WorkContext } from '../../../src-shared/job.ts'
import type { JobOutlook } from '../../../src-shared/lab/plan.ts'
import { trackLabels } from '../../analyses/chooseTracks.ts'
import type { Compute } from '../../compute/client.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import { openVariantStream, type VariantRecord } from '../../readers/variantStream.ts'
import { makeFolders } from '../../storage/folders.ts'
import type { Downloads } from '../downloads.ts'
import { newId } from '../ids.ts'
import type { Jobs } from '../jobs.ts'
import { madeUpOf } from '../models/modelFacts.ts'
import { outlookOf, type PlanJob } from '../planner/jobPlanning.ts'
import { buildCaution } from '../predict/cautions.ts'
import { referenceOf, type SubjectParts } from './scanSubject.ts'
import { countPasses, type VariantPasses } from './variantCount.ts'
import { infoKeys, variantTsvHeader, variantTsvRow, variantVcfHeader, variantVcfRow } from './variantFiles.ts'
import { checkRows, journalKey, openJournal } from './variantJournal.ts'
import { openVariantScorer, type VariantRequest } from './variantRun.ts'
import { withinReference } from './windowSequence.ts'

export interface VariantServiceParts extends Pick<SubjectParts, 'files' | 'engines' | 'models'> {
  readonly jobs: Jobs
  readonly downloads: Downloads
  readonly compute: () => Promise<Compute>
  readonly plan: PlanJob
  readonly registry: ModelRegistry
  /** Rows as they come, one file a table. */
  readonly folder: string
  readonly tell: (progress: VariantTableProgress) => void
  readonly now: () => number
  readonly version: string
}

export interface VariantTables {
  outlook(request: VariantTableRequest, signal: AbortSignal): Promise<JobOutlook>
  start(request: VariantTableRequest): Promise<{ tableId: string; job: JobSnapshot }>
  rows(request: VariantRowsRequest): VariantRowsPage
  export(tableId: string, format: 'tsv' | 'vcf', context: WorkContext): Promise<ExportedFile>
}

interface Table {
  readonly request: VariantTableRequest
  readonly scoring: VariantRequest
  readonly vcfPath: string
  readonly interval: Interval | undefined
  readonly columns: VariantRowsPage['columns']
  /** Contigs in the order of the reference. */
  readonly order: ReadonlyMap<string, number>
  /** One entry a record of the interval, in the order of the file. */
  records: VariantEffect[][]
  rows: VariantEffect[]
  readonly counts: Record<VariantState, number>
  state: ScanData['state']
  ranWith: string
  window: (contig: string, position: number) => { readonly start: number; readonly end: number }
  readonly warnings: string[]
}

/** Rows of a table in memory: tens of thousands of variants with some tracks each. */
const MAX_ROWS = 200_000
const MAX_VALUES = 2e7
const TELL_EVERY_MS = 500
const KEPT_TABLES = 8
const KEPT_BYTES = 256 * 1024 ** 2

const noCounts = (): Record<VariantState, number> => ({ scored: 0, 'ref-mismatch': 0, symbolic: 0, star: 0, 'off-contig': 0, 'unknown-bases': 0, 'too-long': 0, failed: 0 }) // biome-ignore format: one row

/**
 * Tables of variant effects as jobs. Rows are written to a journal of the data directory as they come: the same question asked again goes
 * on where it stopped, after a cancel and after a kill.
 */
export function createVariantTables(parts: VariantServiceParts): VariantTables {
  const { now, jobs } = parts
  const tables = new Map<string, Table>()
  const find = (tableId: string): Table => {
    const table = tables.get(tableId)
    if (!table) throw new WorkbenchError('not-found', 'this table is not there any more', 'score the file again: what was done is kept') // biome-ignore format: one thought
    return table
  }
  const add = (table: Table, rows: readonly VariantEffect[]) => {
    table.records.push([...rows])
    for (const row of rows) {
      table.rows.push(row)
      table.counts[row.state]++
    }
    if (table.rows.length > MAX_ROWS || table.rows.length * table.columns.length > MAX_VALUES)
      throw new WorkbenchError('unsupported', `more than ${table.rows.length.toLocaleString('en-US')} rows of ${table.columns.length} tracks do not fit the window`, "choose an interval or fewer tracks, or use 'diploscope variants'") // biome-ignore format: one thought
  }
  const wanted = (table: Pick<Table, 'interval'>, record: VariantRecord, contig: string) =>
    !table.interval || contains(table.interval, contig, record.position)

  const run = async (
    tableId: string,
    table: Table,
    keyOf: () => Promise<string>,
    context: WorkContext,
  ): Promise<string> => {
    let toldAt = Number.NEGATIVE_INFINITY
    const tell = (always: boolean) => {
      if (!always && now() - toldAt < TELL_EVERY_MS) return
      toldAt = now()
      parts.tell({ tableId, state: table.state, rows: table.rows.length })
    }
    const model = await parts.models.use(table.request.modelFileId)
    const file = await referenceOf(parts, table.request.referenceFileId)
    const reference = {
      contigs: file.contigs,
      sequence: (contig: string, start: number, end: number, options?: { signal?: AbortSignal }) => file.sequence(contig, start, end, options?.signal ?? context.signal), // biome-ignore format: one line
    }
    let finish: () => Promise<void> = async () => {}
    try {
      await model.verify(context)
      await makeFolders(parts.folder, 0o700)
      const key = await keyOf()
      const journal = await openJournal(join(parts.folder, `${key}.journal`), key)
      finish = () => journal.close()
      for (const rows of journal.done) add(table, rows)
      const stream = await openVariantStream(table.vcfPath, context)
      const close = finish
      finish = async () => {
        await close()
        await stream.close()
      }
      const scorer = await openVariantScorer(table.scoring, reference, await parts.compute(), parts.registry, context)
      table.window = scorer.window
      const before = finish
      finish = async () => {
        await before()
        await scorer.close()
      }
      let record = 0
      const { report } = context
      // How far the file is read tells how far the work is.
      const reading: WorkContext = { signal: context.signal, report: p => report({ ...p, phase: 'scoring variants' }) }
      for await (const r of stream.records(reading)) {
        throwIfCancelled(context.signal)
        const contig = withinAny(r.contig, file)
        if (!wanted(table, r, contig)) continue
        const before = journal.done[record++]
        if (before) {
          checkRows(before, r)
          continue
        }
        const rows = await scorer.score(r, context.signal)
        await journal.append(rows)
        add(table, rows)
        tell(false)
      }
      table.ranWith = scorer.ranWith
      table.state = 'done'
      return tableId
    } catch (error) {
      const { code, message } = asWorkbenchError(error)
      table.state = code === 'cancelled' ? (table.rows.length > 0 ? 'partial' : 'cancelled') : 'failed'
      if (table.state === 'failed') table.warnings.push(message)
      throw error
    } finally {
      await finish().catch(() => undefined) // what was appended is there
      await tidy(parts.folder)
      tell(true)
    }
  }

  /** Of a file that did not change they are counted once. */
  const counts = new Map<string, VariantPasses>()
  const passesOfTable = async (request: VariantTableRequest, signal: AbortSignal): Promise<VariantPasses> => {
    const [file, vcf] = await Promise.all([referenceOf(parts, request.referenceFileId), parts.files.use(request.vcfFileId)]) // biome-ignore format: one line
    const interval = request.interval && withinReference(request.interval, file)
    const key = JSON.stringify([vcf.path, vcf.fingerprint, interval, request.bothStrands])
    const found = counts.get(key) ?? (await countPasses(vcf.path, r => wanted({ interval }, r, withinAny(r.contig, file)), request.bothStrands ? 2 : 1, signal)) // biome-ignore format: one line
    counts.delete(key)
    counts.set(key, found)
    for (const old of [...counts.keys()].slice(0, -KEPT_TABLES)) counts.delete(old)
    return found
  }

  return {
    outlook: (request, signal) =>
      outlookOf(async () => {
        const { json } = await parts.models.use(request.modelFileId)
        const planned = await parts.plan({ json, work: 'inference' })
        const { records, passes, counted } = await passesOfTable(request, signal)
        const cost = await planned.cost(Math.max(1, passes))
        const n = (x: number) => x.toLocaleString('en-US')
        return { cost, ...(cost ? { note: `${counted ? n(records) : `About ${n(records)}`} ${records === 1 ? 'variant' : 'variants'}, at most ${n(passes)} ${passes === 1 ? 'pass' : 'passes'} of the network.` } : {}) } // biome-ignore format: one line
      }),
    async start(request) {
      const model = await parts.models.use(request.modelFileId)
      const { json } = model
      const file = await referenceOf(parts, request.referenceFileId)
      const vcf = await parts.files.use(request.vcfFileId)
      if (vcf.facts.kind !== 'vcf')
        throw new WorkbenchError('wrong-type', `'${basename(vcf.path)}' is no VCF`, 'choose a VCF')
      const odd = request.channels.find(c => c >= json.tracks.length)
      if (request.channels.length === 0 || odd !== undefined) throw new WorkbenchError('bad-input', odd === undefined ? 'no track is chosen' : `track ${odd} is not among the ${json.tracks.length} of the model`, 'choose tracks of the model') // biome-ignore format: one thought
      const interval = request.interval && withinReference(request.interval, file)
      const { rows } = model.table
      const caution = buildCaution(json, file.contigs)
      const madeUp = madeUpOf(json)
      const tableId = newId()
      const table: Table = {
        request,
        scoring: { folder: model.folder, json, channels: request.channels, score: request.score, mean: false, bothStrands: request.bothStrands, method: 'naive', shareWindows: false, load: {} }, // biome-ignore format: one row
        vcfPath: vcf.path,
        interval,
        columns: trackColumns(rows, request.channels),
        order: new Map(file.contigs.map((c, i) => [c.name, i])),
        records: [],
        rows: [],
        counts: noCounts(),
        state: 'running',
        ranWith: '',
        window: (_contig, position) => ({ start: position, end: position + 1 }),
        warnings: [
          ...(caution ? [caution] : []),
          ...(madeUp ? [`the model was trained on ${madeUp} data: its numbers say nothing about people`] : []),
        ],
      }
      const keyOf = async () => journalKey({ model: json.weights.sha256, channels: request.channels, score: request.score, bothStrands: request.bothStrands, method: table.scoring.method, interval: interval ?? null, vcf: [vcf.path, vcf.fingerprint], reference: [file.entry.path, file.entry.fingerprint] }) // biome-ignore format: one key
      tables.set(tableId, table)
      for (const [old, t] of [...tables].slice(0, -KEPT_TABLES)) if (t.state !== 'running') tables.delete(old)
      const planned = await parts.plan({ json, work: 'inference' })
      const job = jobs.start({
        kind: 'variants',
        estimate: passesOfTable(request, new AbortController().signal).then(({ passes }) => planned.cost(passes)),
        peakBytes: planned.peakBytes,
        title: `Effects of ${basename(vcf.path)} · ${json.name}`,
        resumable: true,
        run: context => run(tableId, table, keyOf, context),
      })
      return { tableId, job }
    },
    rows({ tableId, sort, filter, minEffect, offset, limit }) {
      const table = find(tableId)
      const found = sorted(table, matching(table.rows, filter, minEffect), sort)
      const { counts, columns, state, ranWith, warnings } = table
      return {
        rows: found.slice(offset, offset + limit),
        total: found.length,
        counts,
        columns,
        state,
        ranWith,
        warnings,
      }
    },
    async export(tableId, format, context) {
      const table = find(tableId)
      const { json } = table.scoring
      const labels = trackLabels(table.request.channels.map(c => json.tracks[c]!))
      const facts = { model: json.id, score: table.request.score, mean: false, labels }
      const name = `${basename(table.vcfPath).replace(/\.vcf(\.gz|\.bgz)?$/i, '')}.effects.${format}`
      const partial = table.state === 'done' ? '' : `, ${table.state}: only the first ${table.records.length} records`
      const said = [`Diploscope ${parts.version}, model ${json.id} (weights SHA-256 ${json.weights.sha256}), score ${facts.score}${table.request.bothStrands ? ', both strands' : ''}${partial}; research use only`, table.ranWith, ...table.warnings].filter(Boolean) // biome-ignore format: one list
      const lines: string[] = []
      if (format === 'tsv') {
        lines.push(...said.map(s => `# ${s}\n`), variantTsvHeader(facts))
        for (const row of table.rows)
          lines.push(variantTsvRow(row, table.window(row.contig, row.position), labels.length))
      } else {
        const stream = await openVariantStream(table.vcfPath, context)
        try {
          const header = [...stream.header.slice(0, -1), ...said.map(s => `##diploscope=${s}`), stream.header.at(-1)!]
          lines.push(variantVcfHeader(header, facts))
          const keys = infoKeys(labels)
          const file = await referenceOf(parts, table.request.referenceFileId)
          let record = 0
          for await (const r of stream.records({ signal: context.signal, report() {} })) {
            if (!wanted(table, r, withinAny(r.contig, file))) continue
            const rows = table.records[record++]
            if (!rows) break
            lines.push(variantVcfRow(r, rows, keys))
          }
        } finally {
          await stream.close()
        }
      }
      return parts.downloads.add({ name, contentType: format === 'vcf' ? 'text/vcf' : 'text/tab-separated-values', bytes: new TextEncoder().encode(lines.join('')) }) // biome-ignore format: one call
    },
  }
}

/** The contig's name in the reference, or its own where the reference has none. */
const withinAny = (name: string, file: { readonly contigs: readonly { readonly name: string }[] }): string =>
  findContig(name, file.contigs)?.name ?? name

function matching(rows: readonly VariantEffect[], filter: string, minEffect: number): VariantEffect[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
  return rows.filter(row => {
    if (minEffect > 0 && !row.effects.some(e => Math.abs(e) >= minEffect)) return false
    if (words.length === 0) return true
    const text =
      `${row.id} ${row.contig}:${row.position + 1} ${row.ref}>${row.alt} ${row.state} ${row.detail}`.toLowerCase()
    return words.every(word => text.includes(word))
  })
}

/** Rows without an effect come last, whichever way. */
function sorted(table: Table, rows: VariantEffect[], sort: VariantRowsRequest['sort']): VariantEffect[] {
  if (!sort) return rows
  const sign = sort.descending ? -1 : 1
  if (sort.column < 0) {
    const place = (row: VariantEffect) => table.order.get(row.contig) ?? table.order.size
    return rows.sort((a, b) => sign * (place(a) - place(b) || a.position - b.position))
  }
  const value = (row: VariantEffect) => row.effects[sort.column]
  return rows.sort((a, b) => {
    const [x, y] = [value(a), value(b)]
    return x === undefined || y === undefined ? Number(x === undefined) - Number(y === undefined) : sign * (x - y)
  })
}

/** Journals of tables: the oldest go while all of them are more than the limit. */
async function tidy(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  const files = await Promise.all(names.map(async name => ({ name, ...(await stat(join(folder, name)).then(s => ({ size: s.size, at: s.mtimeMs }), () => ({ size: 0, at: 0 }))) }))) // biome-ignore format: one line
  let used = files.reduce((n, f) => n + f.size, 0)
  for (const file of files.sort((a, b) => a.at - b.at).slice(0, -1)) {
    if (used <= KEPT_BYTES) return
    await rm(join(folder, file.name), { force: true })
    used -= file.size
  }
}
