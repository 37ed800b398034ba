import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { parseBoundedJson } from '../checkpoints/boundedJson.ts'
import type { AttentionPattern, ModelJson, ModelOutput, ModelTrack, TokenizerRef } from './modelJson.ts'

/** Far more than a track table of ten thousand lines. */
export const MAX_JSON_BYTES = 64 * 1024 * 1024
const LIMITS = { depth: 32, values: 5_000_000 }

/**
 * Reads and checks model.json.
 * @throws WorkbenchError `bad-model` that lists every field that cannot be, with its value; `unsupported` for a newer format
 */
export function parseModelJson(text: string, where = 'model.json'): ModelJson {
  const bad = (what: string) =>
    new WorkbenchError('bad-model', `${where}: ${what}`, 'check model.json against the model folder format')
  if (text.length > MAX_JSON_BYTES) throw bad(`${text.length} characters are too many`)
  let json: unknown
  try {
    json = parseBoundedJson(text, LIMITS)
  } catch (error) {
    throw bad(`it cannot be read as JSON (${error instanceof Error ? error.message.slice(0, 100) : 'unreadable'})`)
  }
  const check = new Checker()
  const root = check.object('', json)
  if (root && root['format'] === 'diploscope-model' && typeof root['formatVersion'] === 'number' && root['formatVersion'] > 1)
    throw new WorkbenchError('unsupported', `${where} has format version ${root['formatVersion']}; this program reads 1`, 'use a newer version of the program') // biome-ignore format: one thought
  if (root) checkModel(root, check)
  if (check.problems.length) throw bad(check.problems.join('; '))
  return json as ModelJson
}

type Json = Readonly<Record<string, unknown>>

class Checker {
  readonly problems: string[] = []

  fault(path: string, value: unknown, expected: string): undefined {
    const shown = value === undefined ? 'missing' : (JSON.stringify(value)?.slice(0, 60) ?? typeof value)
    this.problems.push(`${path || 'the file'} is ${shown}, expected ${expected}`)
    return undefined
  }
  object(path: string, value: unknown): Json | undefined {
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Json)
      : this.fault(path, value, 'an object')
  }
  list(path: string, value: unknown): readonly unknown[] {
    return Array.isArray(value) ? value : (this.fault(path, value, 'a list') ?? [])
  }
  text(path: string, value: unknown): string | undefined {
    return typeof value === 'string' && value !== '' ? value : this.fault(path, value, 'text')
  }
  count(path: string, value: unknown, least = 0): number | undefined {
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= least
      ? value
      : this.fault(path, value, `a whole number from ${least}`)
  }
  oneOf(path: string, value: unknown, choices: readonly unknown[]): void {
    if (!choices.includes(value)) this.fault(path, value, choices.map(c => JSON.stringify(c)).join(' or '))
  }
  sha256(path: string, value: unknown): void {
    if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) this.fault(path, value, '64 hexadecimal digits')
  }
  /** A file of the folder itself: a path could point anywhere. */
  fileName(path: string, value: unknown): void {
    if (typeof value !== 'string' || !/^[\w][\w.-]{0,99}$/.test(value))
      this.fault(path, value, 'the plain name of a file in the folder')
  }
}

function checkModel(m: Json, c: Checker): void {
  c.oneOf('format', m['format'], ['diploscope-model'])
  c.oneOf('formatVersion', m['formatVersion'], [1])
  const id = c.text('id', m['id'])
  if (id !== undefined && !/^[\w.-]{1,100}$/.test(id)) c.fault('id', id, 'letters, digits, dots, dashes')
  for (const field of ['name', 'kind', 'licence']) c.text(field, m[field])
  if (m['citation'] !== null) c.text('citation', m['citation'])
  c.object('architecture', m['architecture'])
  c.list('limits', m['limits']).forEach((l, i) => void c.text(`limits[${i}]`, l))
  const weights = c.object('weights', m['weights'])
  if (weights) {
    c.fileName('weights.file', weights['file'])
    c.sha256('weights.sha256', weights['sha256'])
    c.count('weights.parameters', weights['parameters'])
  }
  const provenance = c.object('provenance', m['provenance'])
  if (provenance) {
    c.text('provenance.source', provenance['source'])
    const created = c.text('provenance.created', provenance['created'])
    if (created !== undefined && Number.isNaN(Date.parse(created)))
      c.fault('provenance.created', created, 'a date and time')
  }
  const input = checkInput(m['input'], c)
  const output = checkOutput(m['output'], c)
  checkTracks(m['tracks'], output, c)
  checkTokenizer(m['tokenizer'], input, c)
  checkPattern(m['attentionPattern'], c)
}

function checkInput(value: unknown, c: Checker): ModelJson['input'] | undefined {
  const input = c.object('input', value)
  if (!input) return undefined
  c.oneOf('input.type', input['type'], ['dna', 'diplotype-tokens', 'tokens', 'alleles'])
  if (input['type'] === 'dna') {
    c.oneOf('input.alphabet', input['alphabet'], ['ACGT'])
    c.oneOf('input.unknown', input['unknown'], ['zeros', 'quarter'])
    const length = c.count('input.length', input['length'], 1)
    const multiple = c.count('input.lengthMultiple', input['lengthMultiple'], 1)
    if (length !== undefined && multiple !== undefined && length % multiple !== 0)
      c.fault('input.length', length, `a multiple of lengthMultiple, ${multiple}`)
    if (input['genome'] !== null) c.text('input.genome', input['genome'])
  } else if (input['type'] === 'alleles') {
    c.list('input.sites', input['sites']).forEach((site, i) => void c.text(`input.sites[${i}]`, site))
    c.count('input.flank', input['flank'])
    c.text('input.region', input['region'])
  } else {
    c.count('input.maxTokens', input['maxTokens'], 1)
    if (input['flank'] !== undefined) c.count('input.flank', input['flank'])
  }
  return input as unknown as ModelJson['input']
}

function checkOutput(value: unknown, c: Checker): ModelOutput | undefined {
  const output = c.object('output', value)
  if (!output) return undefined
  if (output['heads'] !== undefined) {
    for (const [i, h] of c.list('output.heads', output['heads']).entries()) {
      const head = c.object(`output.heads[${i}]`, h)
      if (!head) continue
      c.text(`output.heads[${i}].name`, head['name'])
      c.count(`output.heads[${i}].tracks`, head['tracks'], 1)
    }
    c.count('output.binSize', output['binSize'], 1)
    c.count('output.bins', output['bins'], 1)
    c.count('output.cropBins', output['cropBins'])
  }
  if (output['classes'] !== undefined)
    c.list('output.classes', output['classes']).forEach((k, i) => void c.text(`output.classes[${i}]`, k))
  return output as unknown as ModelOutput
}

/** One entry an output channel, in channel order. */
function checkTracks(value: unknown, output: ModelOutput | undefined, c: Checker): void {
  const tracks = c.list('tracks', value)
  const next = new Map<string, number>()
  for (const [i, t] of tracks.entries()) {
    const track = c.object(`tracks[${i}]`, t) as ModelTrack | undefined
    if (!track) continue
    c.text(`tracks[${i}].name`, track.name)
    const head = c.text(`tracks[${i}].head`, track.head) ?? ''
    const expected = next.get(head) ?? 0
    if (track.index !== expected)
      c.fault(`tracks[${i}].index`, track.index, `${expected}, its place within head '${head}'`)
    next.set(head, expected + 1)
    if (c.problems.length > 20) return
  }
  if (!Array.isArray(output?.heads)) return
  for (const { name, tracks: count } of output.heads)
    if ((next.get(name) ?? 0) !== count) c.fault('tracks', next.get(name) ?? 0, `${count} entries for head '${name}'`)
  for (const head of next.keys())
    if (!output.heads.some(h => h.name === head)) c.fault('tracks', head, 'heads of output.heads only')
}

function checkTokenizer(value: unknown, input: ModelJson['input'] | undefined, c: Checker): void {
  if (value === null) {
    if (input?.type === 'diplotype-tokens')
      c.fault('tokenizer', null, 'a tokenizer, since the input is diplotype tokens')
    return
  }
  const tokenizer = c.object('tokenizer', value) as TokenizerRef | undefined
  if (!tokenizer) return
  c.fileName('tokenizer.file', tokenizer.file)
  c.sha256('tokenizer.sha256', tokenizer.sha256)
  for (const [name, id] of Object.entries(tokenizer.specials ?? {})) c.count(`tokenizer.specials.${name}`, id)
}

function checkPattern(value: unknown, c: Checker): void {
  if (value === null) return
  const pattern = c.object('attentionPattern', value) as AttentionPattern | undefined
  if (!pattern) return
  for (const field of ['blockSize', 'tokens'] as const) c.count(`attentionPattern.${field}`, pattern[field], 1)
  c.count('attentionPattern.randomBlocks', pattern.randomBlocks)
  c.oneOf('attentionPattern.rule', pattern.rule, ['uniform', 'upstream'])
  c.text('attentionPattern.tensor', pattern.tensor)
}
