import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { stratifiedSplit } from '../../domain/cohort/splits.ts'
import type { RiskPeople } from './people.ts'
import { PEOPLE_FILE, readTrainedPeople, trainedPeopleText } from './trainedPeople.ts'

const work = mkdtempSync(join(tmpdir(), 'diploscope-trained-'))
afterAll(() => rmSync(work, { recursive: true, force: true }))

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

// Truth: the split itself.
it('knows everybody again in the right part, nobody else, and holds no name and no letters', async () => {
  const text = trainedPeopleText(people, split, 2)
  writeFileSync(join(work, PEOPLE_FILE), text)
  const found = (await readTrainedPeople(work))!
  expect(found.people).toBe(40)
  for (const [
    part,
    members,
  ] of [['training', split.train], ['validation', split.validation], ['test', split.test]] as const) // biome-ignore format: one line
    for (const i of members) {
      expect(found.find(`person ${i}`, letters(i))).toEqual({ part, sameName: true })
      expect(found.find('another', letters(i))).toEqual({ part, sameName: false })
      expect(found.findGene(`person ${i}`, letters(i).slice(2, -2))).toBe(part)
      expect(found.findGene('another', letters(i).slice(2, -2))).toBeNull()
    }
  expect(found.find('person 1', letters(41))).toBeNull()
  expect(text).not.toMatch(/person|AACGT/)
  expect(trainedPeopleText(people, split, 2)).toBe(text)
})

it('says nothing from a folder without the list, or with a list that is broken', async () => {
  expect(await readTrainedPeople(join(work, 'absent'))).toBeNull()
  const text = readFileSync(join(work, PEOPLE_FILE), 'utf8')
  for (const broken of ['', 'x', text.replace('training', 'trained'), text.replace('##salt', '##sugar')]) {
    writeFileSync(join(work, PEOPLE_FILE), broken)
    expect(await readTrainedPeople(work)).toBeNull()
  }
})
