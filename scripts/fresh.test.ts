import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pruneChunks } from './build.mjs'
import { fingerprint, PARTS, root } from './fresh.mjs'

// Within the repository, because names are told from its root.
let folder: string
beforeAll(() => {
  mkdirSync(`${root}/dist`, { recursive: true })
  folder = mkdtempSync(`${root}/dist/.fresh-test-`)
})
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))

// Truth: the files as they are made and changed here.
describe('the fingerprint of sources', () => {
  it('changes with size, time, new, renamed and removed files, and not with tests', () => {
    const part = { folders: [relative(root, folder).replaceAll('\\', '/')], files: ['no-such-file.json'] }
    const write = (name: string, text: string) => {
      mkdirSync(`${folder}/a`, { recursive: true })
      writeFileSync(`${folder}/a/${name}`, text)
      utimesSync(`${folder}/a/${name}`, 1000, 1000)
    }
    write('x.ts', '1')
    const seen = [fingerprint(part)]
    write('x.test.ts', '1')
    expect(fingerprint(part)).toBe(seen[0])
    for (const change of [
      () => write('x.ts', '12'),
      () => utimesSync(`${folder}/a/x.ts`, 2000, 2000),
      () => write('y.ts', ''),
      () => rmSync(`${folder}/a/y.ts`),
    ]) {
      change()
      const now = fingerprint(part)
      expect(now).not.toBe(seen.at(-1))
      seen.push(now)
    }
    expect(seen[2]).toBe(seen[4]) // y.ts came and went
  })

  it('covers what the program is built from', () => {
    const lines = fingerprint(PARTS.main).split('\n')
    for (const name of [
      'src-main/hosts/cli/main.ts',
      'src-shared/genome/locus.ts',
      'package-lock.json',
      'scripts/build.mjs',
    ])
      expect(
        lines.some(line => line.startsWith(`${name} `)),
        name,
      ).toBe(true)
  })
})

it('removes chunks of earlier builds once they are an hour old', () => {
  const chunks = `${folder}/chunks`
  mkdirSync(chunks)
  const now = 1_700_000_000_000
  const old = now / 1000 - 3700
  for (const [name, time] of [
    ['current-old.js', old],
    ['gone-old.js', old],
    ['gone-young.js', now / 1000 - 60],
  ] as const) {
    writeFileSync(`${chunks}/${name}`, '')
    utimesSync(`${chunks}/${name}`, time, time)
  }
  pruneChunks(new Set(['current-old.js']), chunks, now)
  expect(readdirSync(chunks).sort()).toEqual(['current-old.js', 'gone-young.js'])
})
