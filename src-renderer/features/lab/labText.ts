import type { LabRecipe, LabResultLine } from '../../../src-shared/ipc/labMethods.ts'
import { machineName as nameOfMachine } from '../../../src-shared/lab/pages/measured.ts'
import { BUSY_SHARE, type ExperimentName, type LabMachine, type LabResult } from '../../../src-shared/lab/result.ts'
import { valueText } from '../../../src-shared/report/labNumbers.ts'

/** What the cards say of each experiment before anything was measured. */
export const EXPERIMENT_TEXTS: Readonly<Record<ExperimentName, { readonly title: string; readonly question: string }>> =
  {
    length: {
      title: 'Length',
      question:
        'How do memory and time of full and of sparse attention grow with the length of the DNA, and from which length on does sparse pay?',
    },
    'low-rank': {
      title: 'Low rank',
      question:
        'What do the low-rank transformer and Linformer save over the full transformer, by sequence length and rank?',
    },
    effect: {
      title: 'Effect on accuracy',
      question: 'How much accuracy is lost for cheaper attention, on real digits read as sequences of 785 tokens?',
    },
    compression: {
      title: 'Compression',
      question: 'How small can a trained model become, layer by layer, before its predictions change?',
    },
    'sparse-parity': {
      title: 'Sparse parity',
      question: 'Does a model with sparse attention predict tracks as well as one with full attention?',
    },
  }

const count = (n: number, one: string) => `${n.toLocaleString('en-US')} ${one}${n === 1 ? '' : 's'}`

/** A length of time for people, at the precision of an estimate. */
export function durationText(seconds: number): string {
  if (seconds < 59.5) return `${Math.max(1, Math.round(seconds))} s`
  const s = Math.round(seconds / 5) * 5
  if (s < 600) return `${Math.floor(s / 60)} min${s % 60 ? ` ${s % 60} s` : ''}`
  const minutes = Math.round(s / 60)
  if (minutes < 120) return `${minutes} min`
  if (minutes < 600) return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ''}`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`
}

/** How long a recipe takes, or how far that is worked out. */
export function recipeDuration({
  estimatedSeconds,
  plannedPoints,
  points,
}: Pick<LabRecipe, 'estimatedSeconds' | 'plannedPoints' | 'points'>): string {
  if (estimatedSeconds !== null) return `about ${durationText(estimatedSeconds)}`
  return plannedPoints === null
    ? 'duration not known'
    : `duration being worked out: ${plannedPoints} of ${points} points`
}

/** A machine in a few words, to tell results apart. */
export const machineName = (machine: LabMachine): string => nameOfMachine({ machine })

export const versionsText = (m: LabMachine): string =>
  Object.entries(m.versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')

/** A machine with everything that a number depends on. */
export const machineText = (m: LabMachine): string =>
  `${m.processor}, ${count(m.cores, 'core')}, ${count(m.threads, 'thread')}, ${valueText(m.memoryBytes, 'bytes')}; ${m.system}; ${m.device}; ${versionsText(m)}`

/** It stands under every figure; a recipe of another machine may say as much as it likes. */
const LONGEST_SUMMARY = 1000

/** Not allowed in XML, and what makes lines of their own. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\ufffe\uffff]+/g

/** The sentence of a recipe: sizes, and what was reduced. Its name alone where the text has none. */
export function recipeText(recipe: LabResult['recipe']): string {
  let summary: unknown
  try {
    summary = (JSON.parse(recipe.text) as { summary?: unknown }).summary
  } catch {
    summary = undefined
  }
  // Escapes of JSON may stand for characters that no picture may hold.
  const line = typeof summary === 'string' ? summary.slice(0, LONGEST_SUMMARY).replace(CONTROL, ' ').trim() : ''
  return line ? `${recipe.name}: ${line}` : recipe.name
}

/** How much others disturbed; undefined when no point had to share. */
export function busyText(result: LabResult): string | undefined {
  const busy = result.points.filter(p => p.foreignLoad >= BUSY_SHARE)
  if (busy.length === 0) return undefined
  const most = Math.max(...busy.map(p => p.foreignLoad))
  return `The machine was busy: ${busy.length} of ${count(result.points.length, 'point')} measured while others used ${valueText(BUSY_SHARE, 'percent')} or more of the processor (at most ${Math.round(100 * most)} %)`
}

/** Lines under every figure: what was run, where, with what, and what disturbed. */
export function footLines(results: readonly LabResult[]): readonly string[] {
  return results.flatMap((r, i) => {
    const state = r.state === 'done' ? '' : ` ${r.points.length} of ${count(r.total, 'point')} so far.`
    const busy = busyText(r)
    // Results of one machine differ by it.
    const number = results.length > 1 ? `${i + 1}. ` : ''
    return [
      `${number}${closed(recipeText(r.recipe))}${state}`,
      `${number}Measured on ${machineText(r.machine)}; ${r.startedAt.slice(0, 10)}.`,
      ...(busy === undefined ? [] : [`${number}${busy}.`]),
    ]
  })
}

const closed = (text: string) => (/[.!?]$/.test(text) ? text : `${text}.`)

/** How results are told apart in lists. */
export const lineName = (l: LabResultLine): string =>
  `${l.recipeName}, ${l.imported ? machineName(l.machine) : 'this machine'}, ${new Date(l.startedAt).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })}` // biome-ignore format: one line

export const stateText: Readonly<Record<LabResultLine['state'], string>> = {
  running: 'running',
  partial: 'stopped',
  done: 'complete',
}
