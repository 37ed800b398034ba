import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Reference } from '../readers/reference.ts'
import { createReferences } from './references.ts'

let folder: string
let log: string[]
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'diploscope-references-'))
  log = []
  for (const n of ['a', 'b', 'c']) await writeFile(join(folder, n), n)
})
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }))

const references = () =>
  createReferences(async path => {
    const name = path.slice(folder.length + 1)
    log.push(`open ${name}`)
    return { path, close: async () => void log.push(`close ${name}`) } as unknown as Reference
  })
const at = (name: string) => join(folder, name)

it('opens a reference once for many calls, and keeps two', async () => {
  const open = references()
  await Promise.all([1, 2, 3].map(() => open.use(at('a'), async () => undefined)))
  await open.use(at('b'), async () => undefined)
  await open.use(at('a'), async () => undefined)
  expect(log).toEqual(['open a', 'open b'])
  await open.use(at('c'), async () => undefined)
  expect(log).toEqual(['open a', 'open b', 'open c', 'close b'])
  await open.close()
  await new Promise(done => setImmediate(done))
  expect(log.slice(4).sort()).toEqual(['close a', 'close c'])
})

it('opens anew what was rewritten or got another index', async () => {
  const open = references()
  await open.use(at('a'), async () => undefined)
  await writeFile(at('a'), 'longer')
  await open.use(at('a'), async () => undefined)
  await writeFile(at('a.fai'), 'index')
  await open.use(at('a'), async () => undefined)
  expect(log.filter(l => l === 'open a')).toHaveLength(3)
})

it('closes nothing that is being read', async () => {
  const open = references()
  let finish: () => void = () => {}
  let begin: () => void = () => {}
  const begun = new Promise<void>(done => {
    begin = done
  })
  const reading = open.use(at('a'), () => {
    begin()
    return new Promise<void>(done => {
      finish = done
    })
  })
  await begun
  await open.use(at('b'), async () => undefined)
  await open.use(at('c'), async () => undefined)
  expect(log).not.toContain('close a')
  finish()
  await reading
  expect(log).toContain('close a')
})

it('tries again after a failure', async () => {
  const open = references()
  await expect(open.use(at('a'), () => Promise.reject(new Error('bad')))).rejects.toThrow('bad')
  await open.use(at('a'), async () => undefined)
  expect(log).toEqual(['open a', 'close a', 'open a'])
})
