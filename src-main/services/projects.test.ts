import { execFileSync, spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { build } from 'esbuild'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { WireError } from '../../src-shared/ipc/errors.ts'
import { asWorkbenchError, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { ProjectDocument } from '../../src-shared/project.ts'
import { emptyDocument } from './defaultTracks.ts'
import { createFileRegistry } from './files.ts'
import { fingerprintAt } from './fingerprint.ts'
import { commonFolder, formatProject, parseProject } from './projectFile.ts'
import { createProjects, type StartWith } from './projects.ts'

let folder: string
let dataDir: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'diploscope-projects-'))
  dataDir = join(folder, 'data')
  await mkdir(dataDir)
})
afterEach(async () => {
  vi.restoreAllMocks()
  await rm(folder, { recursive: true, force: true, maxRetries: 10 })
})

/** A new start of the program over the same data folder. */
async function start(startWith: StartWith = {}, demoDir?: string, at = dataDir) {
  const notices: WireError[] = []
  const files = createFileRegistry({
    async probe(path) {
      const f = await fingerprintAt(path)
      if (path.includes('slow')) await new Promise(done => setTimeout(done, 30))
      if (!f) throw new WorkbenchError('not-found', `'${path}' does not exist`, 'check the path')
      const kind = path.endsWith('.2bit') ? '2bit' : path.endsWith('.json') ? 'project' : 'bam'
      return { kind, compression: 'none', sizeBytes: f.size, modifiedAt: f.mtimeMs, index: 'not-needed', contigs: [], contigCount: 0, build: 'unknown', samples: [], synthetic: false, remarks: [] } // biome-ignore format: one line
    },
    changed: () => {},
    listChanged: () => projects.touch(),
  })
  let t = 1_000_000
  const projects = createProjects({
    dataDir: at,
    demoDir,
    files,
    now: () => t++,
    notice: n => void notices.push(n),
    replaced: () => {},
    start: startWith,
    opened: () => {},
  })
  await projects.current()
  return { projects, files, notices }
}

const sessionPath = () => join(dataDir, 'session.diploscope.json')
const named = (name: string, change: Partial<ProjectDocument> = {}): ProjectDocument => ({
  ...emptyDocument(name),
  ...change,
})
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'fine',
    error => asWorkbenchError(error).code,
  )

describe('the session', () => {
  it('is what the next start shows: document, files and what refers to them', async () => {
    await writeFile(join(folder, 'a.bam'), 'reads')
    await writeFile(join(folder, 'g.2bit'), 'bases')
    const first = await start()
    const bam = await first.files.open(join(folder, 'a.bam'))
    const genome = await first.files.open(join(folder, 'g.2bit'))
    const locus = { contig: 'chr19', start: 5, end: 50 }
    await first.projects.save(
      named('My people', {
        view: { locus, referenceFileId: genome.id, selection: { kind: 'sample', fileId: bam.id } },
        tracks: [{ fileId: bam.id, part: 'reads', visible: false, heightPx: 300 }],
        bookmarks: [{ id: 'b1', name: 'here', interval: locus }],
      }),
    )
    const second = await start()
    const { document, files } = await second.projects.current()
    const [a, g] = ['a.bam', 'g.2bit'].map(n => files.find(f => f.name === n))
    expect(document).toEqual(
      named('My people', {
        view: { locus, referenceFileId: g?.id ?? '', selection: { kind: 'sample', fileId: a?.id ?? '' } },
        tracks: [{ fileId: a?.id ?? '', part: 'reads', visible: false, heightPx: 300 }],
        bookmarks: [{ id: 'b1', name: 'here', interval: locus }],
      }),
    )
    expect(second.notices).toEqual([])
  })

  // Truth: the order of opening; the first file takes longest to be looked at.
  it('has its files in the order in which they were opened, whichever is ready first', async () => {
    const names = ['slow.bam', 'a.bam', 'b.bam']
    for (const name of names) await writeFile(join(folder, name), 'reads')
    const { files, projects } = await start()
    for (const name of names) await files.open(join(folder, name))
    await projects.flush()
    expect((await start()).files.list().map(f => f.name)).toEqual(names)
  })

  it('saves itself when a file is opened, without being asked', async () => {
    await writeFile(join(folder, 'a.bam'), 'reads')
    const { files, projects } = await start()
    await files.open(join(folder, 'a.bam'))
    await projects.flush()
    expect((await start()).files.list()).toHaveLength(1)
  })

  it('shows a file that is gone with its problem, and keeps its track', async () => {
    await writeFile(join(folder, 'a.bam'), 'reads')
    const first = await start()
    const { id } = await first.files.open(join(folder, 'a.bam'))
    await first.projects.save(named('p', { tracks: [{ fileId: id, part: 'reads', visible: true }] }))
    await rm(join(folder, 'a.bam'))
    const { document, files } = await (await start()).projects.current()
    expect(files).toMatchObject([{ name: 'a.bam', role: 'sample', problem: { code: 'not-found' } }])
    expect(document.tracks).toHaveLength(1)
  })

  it.each([
    ['cut off', (text: string) => text.slice(0, text.length / 2)],
    ['empty', () => ''],
    ['another JSON', () => '{"a": 1}'],
    ['of a newer version', (text: string) => text.replace('"version": 1', '"version": 2')],
    ['with a wrong field', (text: string) => text.replace('"demo": false', '"demo": 3')],
  ])('that is %s is set aside, not lost, and told', async (_what, damage) => {
    const first = await start()
    await first.projects.save(named('precious'))
    const damaged = damage(await readFile(sessionPath(), 'utf8'))
    await writeFile(sessionPath(), damaged)
    const second = await start()
    expect((await second.projects.current()).document.name).toBe('New project')
    await second.projects.save(named('next'))
    const aside = (await readdir(dataDir)).filter(n => n.startsWith('session.damaged-'))
    expect(aside).toHaveLength(1)
    expect(await readFile(join(dataDir, aside[0] ?? ''), 'utf8')).toBe(damaged)
    expect(second.notices).toMatchObject([{ code: 'corrupt', remedy: expect.stringContaining(aside[0] ?? '') }])
    expect(second.notices[0]?.technical).toBeUndefined()
  })

  it('is intact, and the error coded, when the disk is full while it is saved', async () => {
    const { projects } = await start()
    await projects.save(named('old'))
    const before = await readFile(sessionPath(), 'utf8')
    const handle = await open(sessionPath())
    const prototype = Object.getPrototypeOf(handle) as { writeFile: () => Promise<void> }
    await handle.close()
    vi.spyOn(prototype, 'writeFile').mockRejectedValue(Object.assign(new Error('full'), { code: 'ENOSPC' }))
    expect(await codeOf(projects.save(named('new')))).toBe('no-space')
    expect(await readFile(sessionPath(), 'utf8')).toBe(before)
    expect(await readdir(dataDir)).toEqual(['session.diploscope.json', 'session.lock'])
    vi.restoreAllMocks()
    await projects.save(named('newer'))
    expect(await (await start()).projects.current()).toMatchObject({ document: { name: 'newer' } })
  })

  const small = mountSmallDisk()
  it.skipIf(!small)('is intact on a disk that is really full', async () => {
    const disk = small ?? ''
    try {
      const { projects } = await start({}, undefined, disk)
      await projects.save(named('old'))
      const bookmarks = Array.from({ length: 5000 }, (_, i) => ({
        id: `b${i}`,
        name: 'x'.repeat(200),
        interval: { contig: 'chr1', start: i, end: i + 1 },
      }))
      expect(await codeOf(projects.save(named('new', { bookmarks })))).toBe('no-space')
      const again = await start({}, undefined, disk)
      expect((await again.projects.current()).document.name).toBe('old')
      expect((await readdir(disk)).filter(n => n.endsWith('.part'))).toEqual([])
    } finally {
      execFileSync('umount', [disk])
      await rm(disk, { recursive: true, force: true, maxRetries: 10 })
    }
  })

  it('of another run at the same time is left alone: what this one saves is kept apart, and found again', async () => {
    const first = await start()
    await first.projects.save(named('first'))
    const before = await readFile(sessionPath(), 'utf8')
    await writeFile(join(dataDir, 'session.lock'), String(process.ppid)) // as of a process that lives
    const second = await start()
    expect(second.notices).toMatchObject([{ code: 'changed' }])
    expect((await second.projects.current()).document.name).toBe('first')
    await second.projects.save(named('second'))
    expect(await readFile(sessionPath(), 'utf8')).toBe(before)
    await second.projects.close()
    const [kept] = await readdir(join(dataDir, 'projects'))
    expect(parseProject(await readFile(join(dataDir, 'projects', kept ?? ''), 'utf8'), 'p').document.name).toBe(
      'second',
    )

    const killed = await start()
    await killed.projects.save(named('third'))
    await rm(join(dataDir, 'session.lock'))
    const next = await start()
    expect((await next.projects.current()).document.name).toBe('first')
    expect(await readdir(join(dataDir, 'projects'))).toHaveLength(2)
    expect((await readdir(dataDir)).filter(n => n.includes('apart'))).toEqual([])
    await next.projects.close()
    expect(await readdir(dataDir)).not.toContain('session.lock')
  })

  it('is the old or the new one, whole, when the program is killed while it saves', async () => {
    const script = join(folder, 'saver.mjs')
    const entry = `
      import { writeFileAtomic } from ${JSON.stringify(resolve(import.meta.dirname, '../storage/atomic.ts'))}
      import { emptyDocument } from ${JSON.stringify(resolve(import.meta.dirname, 'defaultTracks.ts'))}
      import { formatProject } from ${JSON.stringify(resolve(import.meta.dirname, 'projectFile.ts'))}
      for (let n = 0; ; n++) {
        const bookmarks = Array.from({ length: 3000 }, (_, i) => ({ id: 'b' + i, name: 'n' + n, interval: { contig: 'c', start: i, end: i + 1 } }))
        await writeFileAtomic(process.argv[2], formatProject({ ...emptyDocument('n' + n), bookmarks }, [], '/', n))
        if (n === 0) process.stdout.write('saved')
      }`
    await build({ stdin: { contents: entry, resolveDir: import.meta.dirname, loader: 'ts' }, bundle: true, platform: 'node', format: 'esm', outfile: script, logLevel: 'error' }) // biome-ignore format: one line
    for (const after of [0, 3, 7, 11, 17, 23, 31, 41]) {
      const child = spawn(process.execPath, [script, sessionPath()], { stdio: ['ignore', 'pipe', 'inherit'] })
      await new Promise(done => child.stdout.once('data', done))
      await new Promise(done => setTimeout(done, after))
      const ended = new Promise(done => child.once('exit', done))
      child.kill('SIGKILL')
      await ended
      const { document } = parseProject(await readFile(sessionPath(), 'utf8'), 'session')
      expect(document.bookmarks).toHaveLength(3000)
      expect(new Set(document.bookmarks.map(b => b.name))).toEqual(new Set([document.name]))
    }
  })
})

describe('the project', () => {
  it('is the demo at the first run, and an empty one with a notice where the demo is damaged', async () => {
    const demo = join(folder, 'demo')
    await mkdir(demo)
    await writeFile(join(demo, 'a.bam'), 'reads')
    const a = {
      id: 'a',
      path: 'a.bam',
      relativePath: 'a.bam',
      role: 'sample',
      kind: 'bam',
      sizeBytes: 5,
      modifiedAt: 0,
    }
    const document = named('Demo', { demo: true, tracks: [{ fileId: 'a', part: 'reads', visible: true }] })
    const text = JSON.stringify({ format: 'diploscope-project', version: 1, savedAt: 0, document, files: [a] })
    await writeFile(join(demo, 'demo.diploscope.json'), text)
    const first = await start({}, demo)
    const shown = await first.projects.current()
    expect(shown.document).toMatchObject({ name: 'Demo', demo: true, tracks: [{ fileId: shown.files[0]?.id }] })
    expect(shown.files).toMatchObject([{ name: 'a.bam' }])
    // An update may move the program: the demo's files are found in its new place.
    await first.projects.save(shown.document)
    await rename(demo, join(folder, 'moved'))
    expect((await start({}, join(folder, 'moved'))).files.list()[0]?.problem).toBeUndefined()

    await rm(sessionPath())
    await writeFile(join(folder, 'moved', 'demo.diploscope.json'), '{')
    const damaged = await start({}, join(folder, 'moved'))
    expect((await damaged.projects.current()).document.name).toBe('New project')
    expect(damaged.notices).toMatchObject([{ code: 'corrupt' }])
  })

  it('is found with its files after all were moved together, and after it was moved alone', async () => {
    const place = join(folder, 'study')
    await mkdir(join(place, 'bams'), { recursive: true })
    await writeFile(join(place, 'bams', 'a.bam'), 'reads')
    const first = await start()
    await first.files.open(join(place, 'bams', 'a.bam'))
    await first.projects.save(named('Study 1'))
    const { name, text } = await first.projects.exported()
    expect(name).toBe('Study 1.diploscope.json')
    await writeFile(join(place, 'bams', name), text)

    await cp(place, join(folder, 'elsewhere'), { recursive: true })
    await rename(place, join(folder, 'hidden'))
    const moved = await start({ projectFile: join(folder, 'elsewhere', 'bams', name) })
    expect(moved.files.list()).toMatchObject([{ folder: join(folder, 'elsewhere', 'bams') }])
    expect(moved.files.list()[0]?.problem).toBeUndefined()

    await rename(join(folder, 'hidden'), place)
    await writeFile(join(folder, 'alone.diploscope.json'), text)
    const alone = await start({ projectFile: join(folder, 'alone.diploscope.json') })
    expect(alone.files.list()).toMatchObject([{ folder: join(place, 'bams') }])
  })

  it('that is replaced stays in the folder of previous ones', async () => {
    await writeFile(join(folder, 'a.bam'), 'reads')
    const { projects, files } = await start()
    await files.open(join(folder, 'a.bam'))
    await projects.save(named('mine'))
    await projects.startNew()
    expect(files.list()).toEqual([])
    const [kept] = await readdir(join(dataDir, 'projects'))
    const again = await start({ projectFile: join(dataDir, 'projects', kept ?? '') })
    expect(await again.projects.current()).toMatchObject({ document: { name: 'mine' }, files: [{ name: 'a.bam' }] })
  })

  it('stays as it is when the one to be opened is damaged', async () => {
    await writeFile(join(folder, 'a.bam'), 'reads')
    await writeFile(join(folder, 'bad.diploscope.json'), '{"format": "diploscope-project", "version": 1}')
    const { projects, files } = await start()
    await files.open(join(folder, 'a.bam'))
    expect(await codeOf(projects.openFile(join(folder, 'bad.diploscope.json')))).toBe('corrupt')
    expect(await codeOf(projects.openFile(join(folder, 'a.bam')))).toBe('corrupt')
    expect(await codeOf(projects.openFile(join(folder, 'none.json')))).toBe('not-found')
    expect(files.list()).toHaveLength(1)
    expect(await codeOf(projects.demo())).toBe('not-found')
    expect(files.list()).toHaveLength(1)
  })

  it('opens what the command line names, and tells of what cannot be opened', async () => {
    await writeFile(join(folder, 'a.bam'), 'reads')
    await writeFile(join(folder, 'g.2bit'), 'bases')
    const paths = ['a.bam', 'none.bam', 'g.2bit'].map(n => join(folder, n))
    const { projects, notices } = await start({ files: paths })
    const { document, files } = await projects.current()
    expect(files.map(f => f.name)).toEqual(['a.bam', 'g.2bit'])
    expect(document.tracks.map(t => t.part)).toEqual(['coverage', 'diplotype', 'reads'])
    expect(document.view.referenceFileId).toBe(files[1]?.id)
    expect(notices).toMatchObject([{ code: 'not-found' }])
  })
})

describe('a project file', () => {
  it('is read as it was written, and holds no id that leads nowhere', () => {
    const document = named('p', { tracks: [{ fileId: 'x', part: 'reads', visible: true }] })
    const parsed = parseProject(formatProject(document, [], '/', 5), 'p')
    expect(parsed).toEqual({ document, files: [], savedAt: 5 })
  })
  it.each(['[]', 'null', '{}', '{"format":"diploscope-project","version":"1"}', '"x"'])('%s is none', text => {
    expect(() => parseProject(text, 'p')).toThrow(WorkbenchError)
  })
  it('is best put where all of its files are below', () => {
    expect(commonFolder(['/a/b/c.bam', '/a/b/d/e.bam', '/a/b/f.bam'], '/x')).toBe('/a/b')
    expect(commonFolder(['/a/b.bam', '/c/d.bam'], '/x')).toBe('/')
    expect(commonFolder([], '/x')).toBe('/x')
    expect(commonFolder(['/a/b/c.bam'], '/x')).toBe(dirname('/a/b/c.bam'))
  })
})

/** A disk of 256 KB, where this process may mount one. */
function mountSmallDisk(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined
  const place = join(tmpdir(), `diploscope-disk-${process.pid}`)
  try {
    execFileSync('mkdir', ['-p', place])
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', place], { stdio: 'ignore' })
    return place
  } catch {
    return undefined
  }
}
