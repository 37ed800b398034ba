import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { checkTarget } from './trainingTarget.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'diploscope-target-'))
})
afterAll(() => rm(root, { recursive: true, force: true, maxRetries: 10 }))

/** No process has this number: it is above the largest of Linux. */
const PART = '.model.99999999-abc.part'
let made = 0
const folderWith = async (names: readonly string[]): Promise<string> => {
  const out = join(root, `${made++}`)
  await mkdir(out)
  for (const name of names) await (name === PART ? mkdir(join(out, name)) : writeFile(join(out, name), ''))
  return out
}

// Truth: what is in the folder when a training ends between two of the files that it writes, in their order.
const WRITTEN = ['report.json', 'REPORT.md', 'people.tsv', 'weights.safetensors', 'CARD.md']
it.each([0, 1, 2, 3, 4, 5])(
  'a training that ended when %i of its files were written begins anew, or goes on',
  async count => {
    for (const resume of [false, true]) {
      const out = await folderWith([PART, 'recipe.json', ...WRITTEN.slice(0, count)])
      await checkTarget({ out, resume })
      expect(await readdir(out)).not.toContain(PART)
    }
  },
)

it('so does one that had no room for its weights, and took their folder away', async () => {
  await checkTarget({ out: await folderWith(WRITTEN.slice(0, 3)), resume: false })
})

it.each([
  ['a finished model', ['model.json', ...WRITTEN], true, /finished model/],
  ['letters that were read', ['people.journal', ...WRITTEN, PART], false, /was stopped/],
  ['splits', ['split-1', PART], false, /was stopped/],
  ["somebody's weights", ['weights.safetensors'], true, /other files/],
  ["somebody's list of people", ['people.tsv'], true, /other files/],
  ["somebody's report", ['report.json', 'REPORT.md'], true, /other files/],
  ['what else is in it', [PART, ...WRITTEN, 'notes.txt'], true, /other files/],
])('nothing is written over %s', async (_, names, resume, message) => {
  const out = await folderWith(names)
  await expect(checkTarget({ out, resume })).rejects.toMatchObject({ code: 'bad-input', message: expect.stringMatching(message) }) // biome-ignore format: one line
  expect((await readdir(out)).sort()).toEqual([...names].sort())
})
