import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { asWorkbenchError } from '../../src-shared/ipc/errors.ts'
import { createBrowse } from './browse.ts'

let folder: string
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'diploscope-browse-')))
  await mkdir(join(folder, 'home', 'study'), { recursive: true })
  await mkdir(join(folder, 'outside'))
  for (const name of ['home/b.txt', 'home/a.bam', 'home/.hidden', 'home/study/c.cram', 'outside/d.bam'])
    await writeFile(join(folder, name), name)
})
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }))

const browseHome = () => createBrowse({ start: join(folder, 'home'), roots: [] })
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'fine',
    error => asWorkbenchError(error).code,
  )

describe('browsing', () => {
  it('lists folders first, then files by name, and says what can be opened', async () => {
    const listing = await browseHome().list(undefined)
    expect(listing.path).toBe(join(folder, 'home'))
    expect(listing.entries.map(e => [e.name, e.kind, e.openable])).toEqual([
      ['study', 'folder', false],
      ['a.bam', 'file', true],
      ['b.txt', 'file', false],
    ])
    expect(listing.parentId).toBeUndefined()
    expect(listing.entries[1]?.sizeBytes).toBe('home/a.bam'.length)
  })

  it('goes down and up by ids, and the same place keeps its id', async () => {
    const browse = browseHome()
    const home = await browse.list(undefined)
    const study = await browse.list(home.entries[0]?.id)
    expect(study.entries.map(e => e.name)).toEqual(['c.cram'])
    expect(study.parentId).toBe(home.folderId)
    expect((await browse.list(study.parentId)).folderId).toBe(home.folderId)
    expect(await browse.resolve(study.entries[0]?.id ?? '')).toBe(join(folder, 'home', 'study', 'c.cram'))
  })

  it('knows no id of another session, and no path', async () => {
    const other = await browseHome().list(undefined)
    const browse = browseHome()
    expect(await codeOf(browse.list(other.folderId))).toBe('not-found')
    expect(await codeOf(browse.resolve(other.entries[1]?.id ?? ''))).toBe('not-found')
    expect(await codeOf(browse.resolve('/etc/passwd'))).toBe('not-found')
  })

  it('does not follow a link out of its roots: neither to a folder nor to a file', async () => {
    await symlink(join(folder, 'outside'), join(folder, 'home', 'way-out'))
    await symlink(join(folder, 'outside', 'd.bam'), join(folder, 'home', 'd.bam'))
    await symlink(join(folder, 'home', 'study'), join(folder, 'home', 'way-in'))
    const browse = browseHome()
    const { entries } = await browse.list(undefined)
    const id = (name: string) => entries.find(e => e.name === name)?.id ?? ''
    expect(await codeOf(browse.list(id('way-out')))).toBe('permission')
    expect(await codeOf(browse.resolve(id('d.bam')))).toBe('permission')
    expect((await browse.list(id('way-in'))).path).toBe(join(folder, 'home', 'study'))
    const wider = createBrowse({ start: join(folder, 'home'), roots: [join(folder, 'outside')] })
    const again = (await wider.list(undefined)).entries.find(e => e.name === 'way-out')
    expect((await wider.list(again?.id)).entries.map(e => e.name)).toEqual(['d.bam'])
  })

  it('offers every root, the start folder first', async () => {
    const browse = createBrowse({ start: join(folder, 'home', 'study'), roots: [join(folder, 'home'), '/no/such'] })
    const { roots, parentId } = await browse.list(undefined)
    expect(roots.map(r => r.name)).toEqual(['study', 'home'])
    expect(parentId).toBe(roots[1]?.folderId)
  })

  it('takes a path that the user named outside of the page, wherever it lies', async () => {
    const browse = browseHome()
    const path = join(folder, 'outside', 'd.bam')
    expect(await browse.resolve(browse.register(path))).toBe(path)
  })

  it('says what is wrong with a folder that went away, or was none', async () => {
    const browse = browseHome()
    const { entries } = await browse.list(undefined)
    await rm(join(folder, 'home', 'study'), { recursive: true })
    expect(await codeOf(browse.list(entries[0]?.id))).toBe('not-found')
    expect(await codeOf(browse.list(entries[1]?.id))).toBe('not-found') // a file
  })

  it('leaves out a link that leads nowhere', async () => {
    await symlink(join(folder, 'nothing'), join(folder, 'home', 'broken.bam'))
    expect((await browseHome().list(undefined)).entries.map(e => e.name)).not.toContain('broken.bam')
  })
})
