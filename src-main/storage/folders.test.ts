import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { makeFolders } from './folders.ts'

const folder = mkdtempSync(join(tmpdir(), 'diploscope-folders-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))

it('makes what is missing, with the mode, and says whether it did', async () => {
  const path = join(folder, 'a', 'b', 'c')
  expect(await makeFolders(path, 0o700)).toBe(true)
  expect(statSync(path).mode & 0o777).toBe(0o700)
  expect(await makeFolders(path, 0o700)).toBe(false)
})

it('fails where a file stands, below one, and on nothing', async () => {
  const file = join(folder, 'file')
  writeFileSync(file, '')
  await expect(makeFolders(file)).rejects.toMatchObject({ code: 'EEXIST' })
  await expect(makeFolders(join(file, 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' })
})

it.skipIf(!existsSync('/proc/self'))(
  'fails below a file system that has no new folders, instead of trying for ever',
  async () => {
    await expect(makeFolders('/proc/diploscope/data')).rejects.toMatchObject({
      code: expect.stringMatching(/ENOENT|EACCES|EPERM/),
    })
  },
)

// Two results that are added at once, in a data folder that is new.
it('makes folders whose missing parent others make at the same moment', async () => {
  for (let i = 0; i < 20; i++) {
    const above = join(folder, `together-${i}`, 'lab')
    const made = await Promise.all(['a', 'b', 'c', 'd'].map(name => makeFolders(join(above, name))))
    expect(made).toEqual([true, true, true, true])
  }
})
