import { cp, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { MessageChannel } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FileRole, OpenedFile } from '../../src-shared/genome/files.ts'
import { PILEUP_DEFAULTS } from '../../src-shared/genome/pileup.ts'
import { type Client, createClient } from '../../src-shared/ipc/client.ts'
import type { EventName } from '../../src-shared/ipc/contract.ts'
import { type PortLike, portWire } from '../../src-shared/ipc/portWire.ts'
import type { JobSnapshot } from '../../src-shared/job.ts'
import { createServices, type Services } from './services.ts'

// The services with their own readers and threads, on the demo data: two synthetic people, one e3/e3 and one e3/e4.
const DEMO = resolve(import.meta.dirname, '../../assets/demo')
let folder: string
let services: Services
let page: Client
let other: Client
const files = new Map<string, OpenedFile>()

const connect = (): Client => {
  const { port1, port2 } = new MessageChannel()
  services.connect(portWire(port2 as unknown as PortLike))
  return createClient(portWire(port1 as unknown as PortLike))
}
const next = <T>(client: Client, event: EventName, wanted: (payload: T) => boolean = () => true) =>
  new Promise<T>(done => {
    const stop = client.on(event, payload => {
      if (!wanted(payload as T)) return
      stop()
      done(payload as T)
    })
  })
const idOf = (name: string) => files.get(name)?.id ?? ''
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'fine',
    error => (error as { code: string }).code,
  )

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'diploscope-services-'))
  await cp(DEMO, join(folder, 'demo'), { recursive: true })
  services = await createServices({
    dataDir: join(folder, 'data'),
    demoDir: join(folder, 'demo'),
    host: 'headless',
    dialogs: 'browse',
    version: '1.2.3',
    startFolder: folder,
    roots: [],
  })
  page = connect()
  other = connect()
  for (const f of (await page.call('project.current', {})).files) files.set(f.name, f)
})
afterAll(async () => {
  await services.close()
  await rm(folder, { recursive: true, force: true, maxRetries: 10 })
})

const APOE = { contig: 'chr19', start: 44_905_795, end: 44_909_393 }
const RS429358 = 44_908_683

describe('the first run', () => {
  it('shows the demo, every file of it well', () => {
    const roles = [...files.values()].map(f => f.role).sort()
    expect(roles).toEqual<FileRole[]>([
      'genes',
      'reference',
      'sample',
      'sample',
      'signal',
      'signal',
      'signal',
      'signal',
      'variants',
    ])
    expect([...files.values()].filter(f => f.problem)).toEqual([])
  })
})

describe('what the window asks at a locus', () => {
  it('finds it by gene name and by region, under any alias of the contig', async () => {
    expect(await page.call('locus.resolve', { text: 'apoe' })).toMatchObject({ kind: 'gene', hit: { name: 'APOE' } })
    expect(await page.call('locus.resolve', { text: '19:44905796-44909393' })).toEqual({
      kind: 'locus',
      interval: APOE,
    })
    expect(await page.call('genes.search', { query: 'APOE', limit: 5 })).toMatchObject([{ name: 'APOE' }])
    const genes = await page.call('genes.range', { fileId: idOf('synthetic-genes.gtf'), interval: APOE })
    expect(genes.transcripts.length).toBeGreaterThan(0)
  })

  it('types the two people as they were made', async () => {
    for (const [name, genotype] of [['synthetic-e3e3.bam', 'e3/e3'], ['synthetic-e3e4.bam', 'e3/e4']] as const) // biome-ignore format: two cases
      expect(await page.call('apoe.report', { fileId: idOf(name), build: 'auto' })).toMatchObject({ genotype, synthetic: true }) // biome-ignore format: one line
  })

  it('gives one number in the report, the position panel and the coverage', async () => {
    const fileId = idOf('synthetic-e3e4.bam')
    const options = { ...PILEUP_DEFAULTS, minMappingQuality: 20 }
    const report = await page.call('apoe.report', { fileId, build: 'auto' })
    const panel = await page.call('position.report', { fileId, contig: '19', position: RS429358, options })
    const interval = { contig: 'chr19', start: RS429358, end: RS429358 + 1 }
    const coverage = await page.call('coverage.bins', { fileId, interval, bins: 1, options })
    const site = report.sites.rs429358
    const counted = panel.detail.bases.split('').filter((_, i) => panel.detail.counted[i] === 1)
    expect(counted.filter(b => b === 'C')).toHaveLength(site.counts.C)
    expect(counted.filter(b => b === 'T')).toHaveLength(site.counts.T)
    expect(panel.ledger.columns.depth).toBe(site.depth)
    expect([...(coverage.counts ?? [])]).toEqual([0, site.counts.C, 0, site.counts.T, 0, 0, 0, 0])
    expect(panel.referenceBase).toBe('T')
  })

  it('bins depth exactly: wide bins are the mean and the maximum of their bases, the last one narrower', async () => {
    const fileId = idOf('synthetic-e3e3.bam')
    const interval = { contig: 'chr19', start: RS429358 - 500, end: RS429358 + 503 }
    const args = { fileId, interval, options: PILEUP_DEFAULTS }
    const bases = await page.call('coverage.bins', { ...args, bins: 20_000 })
    const wide = await page.call('coverage.bins', { ...args, bins: 100 })
    expect([bases.binBp, wide.binBp, wide.mean.length]).toEqual([1, 11, 92])
    for (let k = 0; k < wide.mean.length; k++) {
      const part = bases.mean.subarray(k * 11, (k + 1) * 11)
      expect(wide.mean[k]).toBeCloseTo(part.reduce((a, b) => a + b, 0) / part.length, 4)
      expect(wide.max[k]).toBe(Math.max(...part))
    }
  })

  it('has a diplotype letter for each base, heterozygous where the person is', async () => {
    const track = await page.call('diplotype.range', {
      fileId: idOf('synthetic-e3e4.bam'),
      interval: APOE,
      caller: 'robust',
    })
    expect([...track.characters]).toHaveLength(APOE.end - APOE.start)
    expect([...track.characters][RS429358 - APOE.start]).toBe('礤') // C and T
    expect(track.depth).toHaveLength(APOE.end - APOE.start)
    const { sequence } = await page.call('reference.sequence', {
      fileId: idOf('synthetic-chr19.fa.gz'),
      interval: { ...APOE, end: APOE.start + 10 },
    })
    expect(track.characters.slice(0, 10)).toBe(sequence)
  })

  it('exports the report as a page without script and as JSON with its origin', async () => {
    const fileId = idOf('synthetic-e3e4.bam')
    const take = async (format: 'html' | 'json') => {
      const { downloadId } = await page.call('apoe.export', { fileId, build: 'auto', format })
      return Buffer.from((await services.content.download(downloadId, false)).bytes).toString()
    }
    const json = JSON.parse(await take('json'))
    expect(json).toMatchObject({ genotype: 'e3/e4', provenance: { version: '1.2.3', files: [{ name: 'synthetic-e3e4.bam' }, {}] } }) // biome-ignore format: one line
    const html = await take('html')
    expect(html).toContain('e3/e4')
    expect(html).not.toContain('<script')
    expect(await codeOf(page.call('apoe.export', { fileId, build: 'auto', format: 'pdf' }))).toBe('engine-missing')
  })

  it('refuses what a file is not', async () => {
    const gtf = idOf('synthetic-genes.gtf')
    expect(await codeOf(page.call('apoe.report', { fileId: gtf, build: 'auto' }))).toBe('wrong-type')
    expect(await codeOf(page.call('project.open', { fileId: gtf }))).toBe('wrong-type')
    expect(await codeOf(page.call('apoe.report', { fileId: idOf('synthetic-e3e3.bam'), build: 'GRCh37' }))).toBe(
      'build',
    )
    expect(await codeOf(page.call('apoe.report', { fileId: 'gone', build: 'auto' }))).toBe('not-found')
  })

  it('cancels what was asked for', async () => {
    const stop = new AbortController()
    const interval = { contig: 'chr19', start: 44_400_000, end: 45_400_000 }
    const call = page.call('coverage.bins', { fileId: idOf('synthetic-e3e3.bam'), interval, bins: 20_000, options: PILEUP_DEFAULTS }, { signal: stop.signal }) // biome-ignore format: one call
    stop.abort()
    expect(await codeOf(call)).toBe('cancelled')
  })
})

describe('two windows', () => {
  it('both hear what one of them did, and of a job until it is read', async () => {
    await cp(join(DEMO, 'synthetic-e3e3.bam'), join(folder, 'bare.bam'))
    const opened = next<{ files: readonly OpenedFile[] }>(other, 'files.opened')
    const [file] = await services.openPaths([join(folder, 'bare.bam')])
    expect((await opened).files).toMatchObject([{ name: 'bare.bam', problem: { code: 'no-index' } }])
    const fileId = file?.id ?? ''
    expect(await codeOf(page.call('apoe.report', { fileId, build: 'auto' }))).toBe('no-index')

    const seen: JobSnapshot[] = []
    other.on('job.changed', j => void seen.push(j))
    const well = next<OpenedFile>(other, 'files.changed', f => f.facts.index === 'ok')
    const done = next<JobSnapshot>(other, 'job.changed', j => j.endedAt !== undefined)
    const job = await page.call('files.buildIndex', { fileId })
    expect((await page.call('files.buildIndex', { fileId })).id).toBe(job.id) // asked twice, done once
    expect((await well).problem).toBeUndefined()
    expect(await done).toMatchObject({ id: job.id, state: 'done', resultId: fileId })
    expect(seen[0]?.state).toBe('running')
    expect(await page.call('apoe.report', { fileId, build: 'auto' })).toMatchObject({ genotype: 'e3/e3' })
    expect(await other.call('jobs.list', {})).toMatchObject([{ id: job.id, state: 'done' }])
    await other.call('jobs.markRead', { jobId: job.id })
    expect(await page.call('jobs.list', {})).toEqual([])
  })

  it('stop an index that is being built, and nothing of it is left', async () => {
    await cp(join(DEMO, 'synthetic-e3e3.bam'), join(folder, 'stopped.bam'))
    const [file] = await services.openPaths([join(folder, 'stopped.bam')])
    const { id } = await page.call('files.buildIndex', { fileId: file?.id ?? '' })
    const over = next<JobSnapshot>(page, 'job.changed', j => j.id === id && j.endedAt !== undefined)
    await other.call('jobs.cancel', { jobId: id })
    expect((await over).state).toBe('cancelled')
    expect((await readdir(folder)).filter(n => n.includes('stopped'))).toEqual(['stopped.bam'])
    await page.call('jobs.markRead', { jobId: id })
  })

  it('hear of lines of an annotation that were left out, once', async () => {
    const text =
      'chr19\tx\tgene\t5\t9\t.\t+\t.\tgene_id "G1"; gene_name "GOOD";\nchr19\tx\tgene\tfive\t9\t.\t+\t.\tgene_id "G2";\n'
    await writeFile(join(folder, 'odd.gtf'), text)
    const [file] = await services.openPaths([join(folder, 'odd.gtf')])
    const notices: string[] = []
    page.on('notice', n => void notices.push(n.message))
    for (let i = 0; i < 2; i++)
      expect(await page.call('genes.search', { query: 'good', limit: 5 })).toMatchObject([{ name: 'GOOD' }])
    expect(notices).toEqual([expect.stringMatching(/^A line of 'odd\.gtf' left out, the first being line 2/)])
    await page.call('files.close', { fileId: file?.id ?? '' })
  })

  it('see a file that was cut off while it was open as changed, never as fewer reads', async () => {
    await cp(join(DEMO, 'synthetic-e3e4.bam'), join(folder, 'cut.bam'))
    await cp(join(DEMO, 'synthetic-e3e4.bam.bai'), join(folder, 'cut.bam.bai'))
    const [file] = await services.openPaths([join(folder, 'cut.bam')])
    const fileId = file?.id ?? ''
    expect(await page.call('apoe.report', { fileId, build: 'auto' })).toMatchObject({ genotype: 'e3/e4' })
    const told = next<OpenedFile>(other, 'files.changed')
    await truncate(join(folder, 'cut.bam'), 100_000)
    expect(await codeOf(page.call('apoe.report', { fileId, build: 'auto' }))).toBe('changed')
    expect((await told).problem?.code).toBe('changed')
    expect(await codeOf(page.call('coverage.bins', { fileId, interval: APOE, bins: 10, options: PILEUP_DEFAULTS }))).toBe('changed') // biome-ignore format: one line
    await page.call('files.refresh', { fileId })
    expect(await codeOf(page.call('apoe.report', { fileId, build: 'auto' }))).not.toBe('fine')
  })

  it('are told together when another project takes the place of the first', async () => {
    const replaced = next<{ document: { name: string } }>(other, 'project.replaced')
    await page.call('project.new', {})
    expect((await replaced).document.name).toBe('New project')
    expect((await other.call('project.current', {})).files).toEqual([])
    await page.call('project.demo', {})
    expect((await page.call('project.current', {})).files).toHaveLength(files.size)
  })
})

describe('opening', () => {
  it('goes by entries of folders, leaves out the index that was picked with its file, and remembers', async () => {
    const top = await page.call('files.browse', {})
    const demo = top.entries.find(e => e.name === 'demo')
    const { entries } = await page.call('files.browse', { folderId: demo?.id ?? '' })
    const picked = entries.filter(e => e.name.startsWith('synthetic-e3e3.bam'))
    const heard = next<{ files: readonly OpenedFile[] }>(other, 'files.opened')
    const opened = await page.call('files.open', { entryIds: picked.map(e => e.id) })
    expect((await heard).files).toEqual(opened)
    expect(opened.map(f => f.name)).toEqual(['synthetic-e3e3.bam'])
    const [recent] = await page.call('files.recent', {})
    expect(recent?.name).toBe('synthetic-e3e3.bam')
    const again = await page.call('files.openRecent', { recentId: recent?.recentId ?? '' })
    expect(again[0]?.id).toBe(opened[0]?.id)
    const closed = next<{ fileId: string }>(other, 'files.closed')
    await page.call('files.close', { fileId: opened[0]?.id ?? '' })
    expect(await closed).toEqual({ fileId: opened[0]?.id })
  })

  it('opens what it can and tells of the rest; when nothing can be opened it says why', async () => {
    await writeFile(join(folder, 'text.bam'), 'this is not a BAM')
    const told = next<{ code: string }>(page, 'notice')
    const bad = join(folder, 'text.bam')
    expect(await services.openPaths([bad, join(folder, 'demo', 'synthetic-signal.bw')])).toHaveLength(1)
    expect((await told).code).toBe('wrong-type')
    const { entries } = await page.call('files.browse', {})
    const entry = entries.find(e => e.name === 'text.bam')
    expect(await codeOf(page.call('files.open', { entryIds: [entry?.id ?? ''] }))).toBe('wrong-type')
  })

  it('opens a project file of the system as a project', async () => {
    const { downloadId } = await page.call('project.export', {})
    const { bytes, name } = await services.content.download(downloadId, false)
    await writeFile(join(folder, name), bytes)
    await page.call('project.new', {})
    const replaced = next<{ files: readonly OpenedFile[] }>(page, 'project.replaced')
    await services.openPaths([join(folder, name)])
    expect((await replaced).files.filter(f => f.problem)).toEqual([])
    expect((await page.call('project.current', {})).document.tracks.length).toBeGreaterThan(0)
  })
})
