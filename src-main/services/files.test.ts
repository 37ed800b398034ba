import { appendFile, mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FileFacts, OpenedFile } from '../../src-shared/genome/files.ts'
import { asWorkbenchError, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { createFileRegistry, type FileRegistry } from './files.ts'
import { fingerprintAt } from './fingerprint.ts'

let folder: string
let files: FileRegistry
let changes: OpenedFile[]
let probed: number
/** What the next look finds; the registry's truth is the disk, the look's is given. */
let facts: Partial<FileFacts>

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'diploscope-files-'))
  changes = []
  probed = 0
  facts = {}
  files = createFileRegistry({
    async probe(path) {
      probed++
      const f = await fingerprintAt(path)
      if (!f) throw new WorkbenchError('not-found', `'${path}' does not exist`, 'check the path')
      return {
        kind: 'bam',
        compression: 'bgzip',
        sizeBytes: f.size,
        modifiedAt: f.mtimeMs,
        index: 'ok',
        indexName: 'a.bam.bai',
        contigs: [],
        contigCount: 0,
        build: 'unknown',
        samples: [],
        synthetic: false,
        remarks: [],
        ...facts,
      }
    },
    changed: f => void changes.push(f),
    listChanged: () => {},
  })
  await writeFile(join(folder, 'a.bam'), 'reads')
  await writeFile(join(folder, 'a.bam.bai'), 'index')
})
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }))

const open = () => files.open(join(folder, 'a.bam'))
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'fine',
    error => asWorkbenchError(error).code,
  )

describe('an open file', () => {
  it('is known by an id, never by a path from outside', async () => {
    const file = await open()
    expect(file).toMatchObject({ name: 'a.bam', folder, role: 'sample', dataUrl: `/data/${file.id}`, indexUrl: `/data/${file.id}.index` }) // biome-ignore format: one line
    expect(await codeOf(files.use('nothing'))).toBe('not-found')
    expect((await files.data(file.id, 'file')).path).toBe(join(folder, 'a.bam'))
    expect((await files.data(file.id, 'index')).path).toBe(join(folder, 'a.bam.bai'))
    expect(await codeOf(files.data(file.id, 'block-index'))).toBe('not-found')
  })

  it('is the same file under a link, and opened twice keeps its id', async () => {
    const file = await open()
    await symlink(join(folder, 'a.bam'), join(folder, 'link.bam'))
    expect((await files.open(join(folder, 'link.bam'))).id).toBe(file.id)
    expect(files.list()).toHaveLength(1)
    expect(probed).toBe(2)
  })

  it.each([
    ['grows', () => appendFile(join(folder, 'a.bam'), 'more')],
    ['is rewritten in the same size', () => writeFile(join(folder, 'a.bam'), 'other').then(() => utimes(join(folder, 'a.bam'), 1, 1))], // biome-ignore format: one case a line
    ['is replaced by another of the same size and time', async () => {
      await writeFile(join(folder, 'b.bam'), 'reads')
      const then = await fingerprintAt(join(folder, 'a.bam'))
      await utimes(join(folder, 'b.bam'), (then?.mtimeMs ?? 0) / 1000, (then?.mtimeMs ?? 0) / 1000)
      await rename(join(folder, 'b.bam'), join(folder, 'a.bam'))
    }], // biome-ignore format: one case a line
    ['vanishes', () => rm(join(folder, 'a.bam'))],
    ['is moved away with its folder', () => rename(folder, `${folder}-moved`).then(() => mkdir(folder))],
    ['has its index rewritten', () => appendFile(join(folder, 'a.bam.bai'), 'more')],
    ['has its index taken away', () => rm(join(folder, 'a.bam.bai'))],
  ])('that %s gives no answer any more, and its card says so once', async (_what, change) => {
    const { id } = await open()
    expect(await codeOf(files.use(id))).toBe('fine')
    await change()
    expect(await codeOf(files.use(id))).toBe('changed')
    expect(await codeOf(files.data(id, 'file'))).toBe('changed')
    expect(await codeOf(files.use(id))).toBe('changed')
    expect(changes).toHaveLength(1)
    expect(files.get(id).problem).toMatchObject({ code: 'changed', remedy: 'reload the file' })
    expect(files.get(id).problem?.technical).toBeUndefined()
    await rm(`${folder}-moved`, { recursive: true, force: true, maxRetries: 10 })
  })

  it('stays a problem until it is looked at again, also when its old state comes back', async () => {
    const { id } = await open()
    await appendFile(join(folder, 'a.bam'), 'more')
    expect(await codeOf(files.use(id))).toBe('changed')
    expect((await files.refresh(id)).problem).toBeUndefined()
    expect(await codeOf(files.use(id))).toBe('fine')
  })

  it('that is gone when it is looked at again keeps its place and says why', async () => {
    const { id } = await open()
    await rm(join(folder, 'a.bam'))
    expect((await files.refresh(id)).problem?.code).toBe('not-found')
    expect(await codeOf(files.use(id))).toBe('not-found')
    await writeFile(join(folder, 'a.bam'), 'again')
    expect((await files.refresh(id)).problem).toBeUndefined()
    expect(await codeOf(files.use(id))).toBe('fine')
  })

  it('that changes while it is looked at is not taken in', async () => {
    const path = join(folder, 'a.bam')
    const slow = createFileRegistry({
      async probe() {
        await appendFile(path, 'while')
        return {} as FileFacts
      },
      changed: () => {},
      listChanged: () => {},
    })
    expect(await codeOf(slow.open(path))).toBe('changed')
    expect(slow.list()).toEqual([])
  })

  it.each([
    ['missing', 'no-index'],
    ['stale', 'bad-index'],
    ['foreign', 'bad-index'],
    ['unreadable', 'bad-index'],
  ] as const)('with its index %s shows the problem %s and how to end it', async (index, code) => {
    facts = { index }
    expect((await open()).problem).toMatchObject({ code, remedy: expect.stringContaining('build the index') })
  })

  it('is gone from the list when closed', async () => {
    const { id } = await open()
    files.close(id)
    expect(files.list()).toEqual([])
    expect(await codeOf(files.use(id))).toBe('not-found')
    expect(() => files.close(id)).toThrow(expect.objectContaining({ code: 'not-found' }))
  })
})

describe('a remembered file', () => {
  const remembered = { role: 'sample', kind: 'bam', sizeBytes: 5, modifiedAt: 0 } as const
  it('is opened when it is there', async () => {
    const file = await files.restore({ ...remembered, path: join(folder, 'a.bam') })
    expect(file.problem).toBeUndefined()
  })
  it('is shown with its problem when it is not, and becomes well when it is back', async () => {
    const path = join(folder, 'gone.bam')
    const file = await files.restore({ ...remembered, path })
    expect(file).toMatchObject({ name: 'gone.bam', role: 'sample', problem: { code: 'not-found' } })
    expect(await codeOf(files.use(file.id))).toBe('not-found')
    await writeFile(path, 'reads')
    expect((await files.refresh(file.id)).problem).toBeUndefined()
  })
})
