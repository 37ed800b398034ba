import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { stratifiedSplit } from '../../domain/cohort/splits.ts'
import type { RiskPeople } from './people.ts'
import { PEOPLE_FILE, readTrainedPeople, startedFromText, trainedPeopleText } from './trainedPeople.ts'

const work = mkdtempSync(join(tmpdir(), 'diploscope-trained-'))
afterAll(() => rmSync(work, { recursive: true, force: true, maxRetries: 10 }))

const letters = (i: number) =>
  `AA${'CGT'.repeat(5)}${i.toString(2).padStart(6, '0').replaceAll('0', 'A').replaceAll('1', 'C')}GG`
const people: RiskPeople = {
  names: Array.from({ length: 40 }, (_, i) => `person ${i}`),
  labels: Uint8Array.from({ length: 40 }, (_, i) => i % 2),
  texts: Array.from({ length: 40 }, (_, i) => letters(i)),
  reference: letters(0),
  referenceNote: '',
  simulated: false,
  depth: '5',
}
const split = stratifiedSplit(people.labels, 1, 0)
const READ = { flankBp: 2, caller: 'robust' }

// Truth: the split itself.
it('knows everybody again in the right part, nobody else, and holds no name and no letters', async () => {
  const text = await trainedPeopleText(people, split, 2)
  writeFileSync(join(work, PEOPLE_FILE), text)
  const found = (await readTrainedPeople(work, READ))!
  expect(found.people).toBe(40)
  for (const [
    part,
    members,
  ] of [['training', split.train], ['validation', split.validation], ['test', split.test]] as const) // biome-ignore format: one line
    for (const i of members) {
      expect(found.find(`person ${i}`, letters(i), READ)).toEqual({ part, sameName: true })
      expect(found.find('another', letters(i), READ)).toEqual({ part, sameName: false })
      // Read with other flanks or by another caller the gene and the name tell.
      const other = { flankBp: 1, caller: 'robust' }
      expect(found.find(`person ${i}`, letters(i).slice(1, -1), other)).toEqual({ part, sameName: true })
      expect(found.find('another', letters(i).slice(1, -1), other)).toBeNull()
      expect(found.find(`person ${i}`, `CC${letters(i).slice(2)}`, { ...READ, caller: 'top2' })).toEqual({ part, sameName: true }) // biome-ignore format: one line
      expect(found.fittedName(`person ${i}`)).toBe(part !== 'test')
    }
  expect(found.find('person 1', letters(41), READ)).toBeNull()
  expect(found.fittedName('another')).toBe(false)
  expect(text).not.toMatch(/person|AACGT/)
  expect(await trainedPeopleText(people, split, 2)).toBe(text)
})

// Truth: two listed people who have the same letters; a third with them is neither of them for all that is known.
it('takes letters that two of the listed people have for nobody under another name', async () => {
  const shared = [split.train[0]!, split.train[1]!] as const
  const texts = people.texts.map((t, i) => (i === shared[1] ? letters(shared[0]) : t))
  writeFileSync(join(work, PEOPLE_FILE), await trainedPeopleText({ ...people, texts }, split, 2))
  const found = (await readTrainedPeople(work, READ))!
  expect(found.find('another', letters(shared[0]), READ)).toBeNull()
  for (const i of shared) expect(found.find(`person ${i}`, letters(shared[0]), READ)).toEqual({ part: 'training', sameName: true }) // biome-ignore format: one line
  const alone = split.train[2]!
  expect(found.find('another', letters(alone), READ)).toEqual({ part: 'training', sameName: false })
})

it('says nothing from a folder without the list, or with a list that is broken', async () => {
  expect(await readTrainedPeople(join(work, 'absent'), READ)).toBeNull()
  const text = readFileSync(join(work, PEOPLE_FILE), 'utf8')
  for (const broken of ['', 'x', text.replace('training', 'trained'), text.replace('##salt', '##sugar')]) {
    writeFileSync(join(work, PEOPLE_FILE), broken)
    expect(await readTrainedPeople(work, READ)).toBeNull()
  }
})

// Truth: the splits of three lists, each written after the one before it.
it('knows the people of the models that it began with, by the letters as each of them read', async () => {
  const named = (name: string, more: Partial<RiskPeople> = {}): RiskPeople => ({ ...people, names: people.names.map((_, i) => `${name} ${i}`), ...more }) // biome-ignore format: one line
  // The first read one letter of the flanks, the others two.
  const a = await trainedPeopleText(named('a', { texts: people.texts.map(t => t.slice(1, -1)) }), split, 1)
  const b = `${await trainedPeopleText(named('b'), split, 2)}${startedFromText('model-a', a, { flankBp: 1, caller: 'robust' })}` // biome-ignore format: one line
  const c = `${await trainedPeopleText(named('c'), split, 2)}${startedFromText('model-b', b, READ)}`
  writeFileSync(join(work, PEOPLE_FILE), c)
  const found = (await readTrainedPeople(work, READ))!
  expect([found.people, found.unknown]).toEqual([40, []])
  const [fitted, tested] = [split.train[0]!, split.test[0]!]
  for (const name of ['a', 'b', 'c'])
    expect(found.find(`${name} ${fitted}`, letters(fitted), READ)).toEqual({ part: 'training', sameName: true })
  // Test people of an earlier training had no part in its weights; of the last they are known.
  expect(found.find(`a ${tested}`, `TT${letters(tested).slice(2)}`, READ)).toBeNull()
  expect(found.find(`c ${tested}`, letters(tested), READ)).toEqual({ part: 'test', sameName: true })
  expect([found.fittedName(`a ${fitted}`), found.fittedName(`a ${tested}`)]).toEqual([true, false])
  // A model without a list stays unknown to all that come after it.
  const unknown = `${await trainedPeopleText(named('b'), split, 2)}${startedFromText('bare', undefined, READ)}`
  writeFileSync(join(work, PEOPLE_FILE), `${await trainedPeopleText(named('c'), split, 2)}${startedFromText('model-b', unknown, READ)}`) // biome-ignore format: one line
  const after = (await readTrainedPeople(work, READ))!
  expect(after.unknown).toEqual(['bare'])
  expect(after.find(`b ${fitted}`, letters(fitted), READ)).toEqual({ part: 'training', sameName: true })
})
