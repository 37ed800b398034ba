import { execFileSync } from 'node:child_process'
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openAtomic, writeFileAtomic } from './atomic.ts'

const posix = process.platform !== 'win32'
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'diploscope-atomic-'))
})
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }))

// Truth: the file system itself, looked at before and after.
describe('writing whole or not at all', () => {
  it('leaves an older file as it was when the writing is abandoned, and nothing beside it', async () => {
    const path = join(folder, 'a.txt')
    await writeFile(path, 'old')
    const file = await openAtomic(path)
    await file.write('new')
    await file.abandon()
    expect(await readFile(path, 'utf8')).toBe('old')
    expect(await readdir(folder)).toEqual(['a.txt'])
  })

  it.skipIf(!posix)('replaces the file behind a symbolic link, not the link', async () => {
    await mkdir(join(folder, 'real'))
    await writeFile(join(folder, 'real', 'a.txt'), 'old')
    await symlink(join('real', 'a.txt'), join(folder, 'link'))
    await writeFileAtomic(join(folder, 'link'), 'new')
    expect((await lstat(join(folder, 'link'))).isSymbolicLink()).toBe(true)
    expect(await readFile(join(folder, 'real', 'a.txt'), 'utf8')).toBe('new')
  })

  it.skipIf(!posix)('writes the file that a dangling link names, and refuses a circle of links', async () => {
    await symlink('later.txt', join(folder, 'link'))
    await writeFileAtomic(join(folder, 'link'), 'new')
    expect(await readFile(join(folder, 'later.txt'), 'utf8')).toBe('new')
    await symlink('two', join(folder, 'one'))
    await symlink('one', join(folder, 'two'))
    await expect(writeFileAtomic(join(folder, 'one'), 'new')).rejects.toMatchObject({ code: 'not-found' })
  })

  it.skipIf(!posix)('keeps the permissions of the file that it replaces', async () => {
    const path = join(folder, 'private.json')
    await writeFile(path, 'old')
    await chmod(path, 0o600)
    await writeFileAtomic(path, 'new')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  // As root a rename onto /dev/null would take the device away from every program of the machine: a link of our own stands for it.
  it.skipIf(!posix)('writes to a device and leaves it a device', async () => {
    await symlink('/dev/null', join(folder, 'null'))
    await writeFileAtomic(join(folder, 'null'), 'gone')
    expect((await lstat(join(folder, 'null'))).isSymbolicLink()).toBe(true)
    expect((await stat('/dev/null')).isCharacterDevice()).toBe(true)
  })

  it.skipIf(!posix)('refuses a pipe, which it would replace or wait for', async () => {
    const path = join(folder, 'pipe')
    execFileSync('mkfifo', [path])
    await expect(writeFileAtomic(path, 'new')).rejects.toMatchObject({ code: 'wrong-type' })
    expect((await lstat(path)).isFIFO()).toBe(true)
  })

  it('names the file that was asked for, not its temporary one', async () => {
    const path = join(folder, 'absent', 'a.txt')
    await expect(writeFileAtomic(path, 'x')).rejects.toMatchObject({
      code: 'not-found',
      message: `'${path}' does not exist`,
    })
  })
})
