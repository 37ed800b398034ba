import { appendFile, cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { PILEUP_DEFAULTS } from '../../src-shared/genome/pileup.ts'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { quietContext } from '../../src-shared/job.ts'
import { createEngines } from './engines.ts'
import { createServices, type Services } from './services.ts'

// A folder where nothing may be written: the demo's files without their indexes, and an indexer that is refused there.
// The truth is what the same calls give with the indexes that the demo brings.
const DEMO = resolve(import.meta.dirname, '../../assets/demo')
const NAMES = ['synthetic-e3e4.bam', 'synthetic-chr19.fa.gz']
let folder: string
let services: Services

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'diploscope-shadow-'))
  for (const n of NAMES) await cp(join(DEMO, n), join(folder, 'read-only', n))
  const engines = createEngines()
  services = await createServices({
    dataDir: join(folder, 'data'),
    host: 'headless',
    dialogs: 'browse',
    version: '1',
    startFolder: folder,
    roots: [],
    engines: {
      ...engines,
      buildIndex: (path, context) =>
        path.startsWith(join(folder, 'read-only'))
          ? Promise.reject(new WorkbenchError('permission', `'${path}.bai' may not be opened`, 'check its permissions'))
          : engines.buildIndex(path, context),
    },
  })
})
afterAll(async () => {
  await services.close()
  await rm(folder, { recursive: true, force: true, maxRetries: 10 })
})

const call = <T>(work: (h: Services['handlers'], c: ReturnType<typeof quietContext>) => Promise<T>) =>
  work(services.handlers, quietContext())
const jobEnded = async (id: string) => {
  for (;;) {
    const job = (await call((h, c) => h['jobs.list']({}, c))).find(j => j.id === id)
    if (job?.endedAt) return job
    await new Promise(done => setTimeout(done, 10))
  }
}

it('keeps an index that may not lie beside its file, reads by it, and drops it when the file changes', async () => {
  const places = NAMES.map(n => join(folder, 'read-only', n))
  const interval = { contig: 'chr19', start: 44_905_795, end: 44_909_393 }
  const read = async (paths: readonly string[]) => {
    const [bam, fasta] = await services.openPaths(paths)
    const [a, b] = [bam?.id ?? '', fasta?.id ?? '']
    return [
      await call((h, c) => h['coverage.bins']({ fileId: a, interval, bins: 100, options: PILEUP_DEFAULTS }, c)),
      await call((h, c) => h['reference.sequence']({ fileId: b, interval }, c)),
      await call((h, c) => h['apoe.report']({ fileId: a, build: 'auto' }, c)),
    ]
  }
  const truth = await read(NAMES.map(n => join(DEMO, n)))

  const opened = await services.openPaths(places)
  expect(opened.map(f => f.problem?.code)).toEqual(['no-index', 'no-index'])
  for (const f of opened) {
    const { id } = await call((h, c) => h['files.buildIndex']({ fileId: f.id }, c))
    expect(await jobEnded(id)).toMatchObject({ state: 'done' })
  }
  expect((await readdir(join(folder, 'read-only'))).sort()).toEqual([...NAMES].sort())
  expect(await read(places)).toEqual(truth)
  const [bam] = await services.openPaths(places)
  expect(bam?.problem).toBeUndefined()
  expect(bam?.facts.remarks.join()).toContain("program's own folder")
  expect((await services.content.data(bam?.id ?? '', 'index')).path).toMatch(
    /data.indexes.[0-9a-f]{32}.synthetic-e3e4\.bam\.bai$/,
  )

  await appendFile(places[0] ?? '', 'x')
  const changed = await call((h, c) => h['files.refresh']({ fileId: bam?.id ?? '' }, c))
  expect(changed.problem).toBeDefined()
})
