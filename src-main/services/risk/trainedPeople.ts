import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RiskSeen } from '../../../src-shared/genome/risk.ts'
import { asWorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { Split } from '../../domain/cohort/splits.ts'
import { breathe } from '../../workers/pileupRun.ts'
import type { RiskPeople } from './people.ts'

/** File of a risk model's folder: who was in which part of the split whose weights it holds. */
export const PEOPLE_FILE = 'people.tsv'
const HEAD = '##diploscope-trained-people 1'
/** Before the flank and caller of a list that is not the model's own. */
const READ = '##read '
/** Before the id of a model that it began with, and whose people nobody knows. */
const UNKNOWN = '##unknown '
const DIGITS = 20
/** People whose letters are hashed before the program's loop gets a turn. */
const HASHED_AT_ONCE = 50

/** What the letters of a list are: they can be compared with those of the same flank and caller alone. */
export interface ReadAs {
  readonly flankBp: number
  readonly caller: string
}

/** Tells whether a sample was among the people of a training, or of one whose weights it began with, without their names. */
export interface TrainedPeople {
  readonly people: number
  /** Ids of the models that it began with, as far back as is known, whose people are not recorded. */
  readonly unknown: readonly string[]
  /**
   * By name and the letters of the region, or by letters that one of them alone has; by name and those of the gene where the list is of other
   * flanks or another caller.
   */
  find(name: string, text: string, as: ReadAs): RiskSeen | null
  /** By name alone, whatever the letters: one who trained it or chose its stopping point. */
  fittedName(name: string): boolean
}

/** The gene without its flanks. */
export const geneOf = (text: string, flankBp: number): string => text.slice(flankBp, text.length - flankBp)

/**
 * One line a person: part of the split, digests of name, gene and region. The salt follows from the cohort, so that a repeated training writes
 * the same bytes. A digest hides a name from whoever reads it, not from somebody who tries a list of names.
 */
export async function trainedPeopleText(people: RiskPeople, split: Split, flankBp: number): Promise<string> {
  const hash = createHash('sha256').update('people')
  for (const [i, text] of people.texts.entries()) {
    if (i % HASHED_AT_ONCE === 0) await breathe()
    hash.update('\n').update(text)
  }
  const salt = hash.digest('hex').slice(0, 32)
  const parts: readonly (readonly [RiskSeen['part'], Int32Array])[] = [['training', split.train], ['validation', split.validation], ['test', split.test]] // biome-ignore format: one line
  const lines: string[] = []
  for (const [part, members] of parts)
    for (const i of members) {
      if (lines.length % HASHED_AT_ONCE === 0) await breathe()
      const text = people.texts[i]!
      const digests = [digest(salt, 'name', people.names[i]!), digest(salt, 'gene', geneOf(text, flankBp)), digest(salt, 'region', text)] // biome-ignore format: one line
      lines.push([part, ...digests].join('\t'))
    }
  // In the order of their digests, which says nothing of the sheet's.
  return `${[HEAD, `##salt ${salt}`, 'part\tname\tgene\tregion', ...lines.sort()].join('\n')}\n`
}

/**
 * What the list of a model says after its own people that began with the weights of another: the other's list, and those that it has after its
 * own. Where the other has none, that nobody knows.
 */
export function startedFromText(id: string, list: string | undefined, as: ReadAs): string {
  if (list === undefined || !sectionsOf(list, as)) return `${UNKNOWN}${id}\n`
  const [head, salt, ...rest] = list.trimEnd().split('\n')
  return `${[head, salt, `${READ}${as.flankBp} ${as.caller}`, ...rest].join('\n')}\n`
}

/** The list of a folder as it stands; undefined where there is none. */
export async function peopleListOf(folder: string): Promise<string | undefined> {
  return readFile(join(folder, PEOPLE_FILE), 'utf8').catch(error => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw asWorkbenchError(error)
  })
}

/** Null for a model whose folder does not say who trained it. `own`: how the model reads its people. */
export async function readTrainedPeople(folder: string, own: ReadAs): Promise<TrainedPeople | null> {
  const text = await peopleListOf(folder)
  const list = text === undefined ? null : sectionsOf(text, own)
  if (!list) return null
  const { sections, unknown } = list
  return {
    people: sections[0]!.people,
    unknown,
    find(name, letters, as) {
      const found = sections.flatMap((section, i) => {
        const seen = section.find(name, letters, as)
        // Test people of a training before this one had no part in its weights.
        return seen && (i === 0 || seen.part !== 'test') ? [seen] : []
      })
      return found.sort((a, b) => Number(b.sameName) - Number(a.sameName) || PARTS.indexOf(a.part) - PARTS.indexOf(b.part))[0] ?? null // biome-ignore format: one line
    },
    fittedName: name => sections.some(s => s.fittedName(name)),
  }
}

const PARTS: readonly RiskSeen['part'][] = ['training', 'validation', 'test']

type Section = Pick<TrainedPeople, 'people' | 'find' | 'fittedName'>
interface List {
  readonly sections: readonly Section[]
  readonly unknown: readonly string[]
}

/** The model's own people first, then those of the models that it began with; null for a list that is broken. */
function sectionsOf(text: string, own: ReadAs): List | null {
  const lines = text.trimEnd().split('\n')
  const unknown = lines.filter(l => l.startsWith(UNKNOWN)).map(l => l.slice(UNKNOWN.length))
  const known = lines.filter(l => !l.startsWith(UNKNOWN))
  if (known[0] !== HEAD) return null
  const heads = known.flatMap((l, i) => (l === HEAD ? [i] : []))
  const sections = heads.map((from, i) => sectionOf(known.slice(from + 1, heads[i + 1]), i === 0 ? own : undefined))
  return sections.every(s => s !== null) ? { sections, unknown } : null
}

/** `own`: how its letters were read, where the section does not say it itself. */
function sectionOf(text: readonly string[], own: ReadAs | undefined): Section | null {
  const [saltLine = '', ...rest] = text
  const salt = /^##salt ([0-9a-f]{32})$/.exec(saltLine)?.[1]
  const [, flank, caller] = /^##read (\d+) (\S+)$/.exec(rest[0] ?? '') ?? []
  const read = own ?? (flank !== undefined && caller !== undefined ? { flankBp: Number(flank), caller } : undefined)
  if (salt === undefined || !read) return null
  const lines = rest.slice(own ? 1 : 2)
  const names = new Set<string>()
  const named = new Map<string, RiskSeen['part']>()
  const genes = new Map<string, RiskSeen['part']>()
  // Undefined for letters that several of the listed people have: they tell of none of them.
  const regions = new Map<string, RiskSeen['part'] | undefined>()
  // Of two with the same letters the one who was seen more counts.
  const note = (map: Map<string, RiskSeen['part']>, key: string, part: RiskSeen['part']) => {
    const before = map.get(key)
    if (before === undefined || PARTS.indexOf(part) < PARTS.indexOf(before)) map.set(key, part)
  }
  for (const line of lines) {
    const [part, name, gene, region] = line.split('\t') as [RiskSeen['part'], string, string, string]
    if (!PARTS.includes(part)) return null
    if (part !== 'test') names.add(name)
    note(named, `${name} ${region}`, part)
    note(genes, `${name} ${gene}`, part)
    regions.set(region, regions.has(region) ? undefined : part)
  }
  return {
    people: lines.length,
    find(name, letters, as) {
      const who = digest(salt, 'name', name)
      if (as.flankBp !== read.flankBp || as.caller !== read.caller) {
        const part = genes.get(`${who} ${digest(salt, 'gene', geneOf(letters, as.flankBp))}`)
        return part ? { part, sameName: true } : null
      }
      const region = digest(salt, 'region', letters)
      const same = named.get(`${who} ${region}`)
      if (same) return { part: same, sameName: true }
      const alike = regions.get(region)
      return alike ? { part: alike, sameName: false } : null
    },
    fittedName: name => names.has(digest(salt, 'name', name)),
  }
}

const digest = (salt: string, kind: string, value: string) =>
  createHash('sha256').update(`${salt}\n${kind}\n${value}`).digest('hex').slice(0, DIGITS)
