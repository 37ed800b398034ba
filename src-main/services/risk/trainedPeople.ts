import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RiskSeen } from '../../../src-shared/genome/risk.ts'
import type { Split } from '../../domain/cohort/splits.ts'
import type { RiskPeople } from './people.ts'

/** File of a risk model's folder: who was in which part of the split whose weights it holds. */
export const PEOPLE_FILE = 'people.tsv'
const HEAD = '##diploscope-trained-people 1'
const DIGITS = 20

/** Tells whether a sample was among the people of a training, without their names. */
export interface TrainedPeople {
  readonly people: number
  /** By the letters of the region as the model's own caller reads them. */
  find(name: string, text: string): RiskSeen | null
  /** By name and the letters of the gene alone, for a model of other flanks. */
  findGene(name: string, gene: string): RiskSeen['part'] | null
}

/** The gene without its flanks. */
export const geneOf = (text: string, flankBp: number): string => text.slice(flankBp, text.length - flankBp)

/**
 * One line a person: part of the split, digests of name, gene and region. The salt follows from the cohort, so that a repeated training writes
 * the same bytes. A digest hides a name from whoever reads it, not from somebody who tries a list of names.
 */
export function trainedPeopleText(people: RiskPeople, split: Split, flankBp: number): string {
  const salt = createHash('sha256')
    .update(`people\n${people.texts.join('\n')}`)
    .digest('hex')
    .slice(0, 32)
  const parts: readonly (readonly [RiskSeen['part'], Int32Array])[] = [['training', split.train], ['validation', split.validation], ['test', split.test]] // biome-ignore format: one line
  const lines = parts.flatMap(([part, members]) =>
    Array.from(members, i => {
      const text = people.texts[i]!
      const digests = [digest(salt, 'name', people.names[i]!), digest(salt, 'gene', geneOf(text, flankBp)), digest(salt, 'region', text)] // biome-ignore format: one line
      return [part, ...digests].join('\t')
    }),
  )
  // In the order of their digests, which says nothing of the sheet's.
  return `${[HEAD, `##salt ${salt}`, 'part\tname\tgene\tregion', ...lines.sort()].join('\n')}\n`
}

/** Null for a model whose folder does not say who trained it. */
export async function readTrainedPeople(folder: string): Promise<TrainedPeople | null> {
  const text = await readFile(join(folder, PEOPLE_FILE), 'utf8').catch(() => undefined)
  const [head, saltLine, , ...lines] = text?.trimEnd().split('\n') ?? []
  const salt = /^##salt ([0-9a-f]{32})$/.exec(saltLine ?? '')?.[1]
  if (head !== HEAD || salt === undefined) return null
  const rank: readonly RiskSeen['part'][] = ['training', 'validation', 'test']
  const named = new Map<string, RiskSeen['part']>()
  const genes = new Map<string, RiskSeen['part']>()
  const regions = new Map<string, RiskSeen['part']>()
  // Of two with the same letters the one who was seen more counts.
  const note = (map: Map<string, RiskSeen['part']>, key: string, part: RiskSeen['part']) => {
    const before = map.get(key)
    if (before === undefined || rank.indexOf(part) < rank.indexOf(before)) map.set(key, part)
  }
  for (const line of lines) {
    const [part, name, gene, region] = line.split('\t') as [RiskSeen['part'], string, string, string]
    if (!rank.includes(part)) return null
    note(named, `${name} ${region}`, part)
    note(genes, `${name} ${gene}`, part)
    note(regions, region, part)
  }
  return {
    people: lines.length,
    find(name, letters) {
      const region = digest(salt, 'region', letters)
      const same = named.get(`${digest(salt, 'name', name)} ${region}`)
      if (same) return { part: same, sameName: true }
      const alike = regions.get(region)
      return alike ? { part: alike, sameName: false } : null
    },
    findGene: (name, gene) => genes.get(`${digest(salt, 'name', name)} ${digest(salt, 'gene', gene)}`) ?? null,
  }
}

const digest = (salt: string, kind: string, value: string) =>
  createHash('sha256').update(`${salt}\n${kind}\n${value}`).digest('hex').slice(0, DIGITS)
