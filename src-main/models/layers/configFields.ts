import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'

/**
 * Reads the fields of `architecture` of model.json. Every fault is a `bad-model` that names the field and its value; a field
 * that nobody asked for is a fault too, since ignoring it would build another network than the file describes.
 */
export class ConfigFields {
  readonly #json: Readonly<Record<string, unknown>>
  readonly #path: string
  readonly #asked = new Set<string>()

  constructor(json: unknown, path = 'architecture') {
    if (typeof json !== 'object' || json === null || Array.isArray(json))
      throw new WorkbenchError('bad-model', `${path} is ${show(json)}, not an object`, 'check model.json')
    this.#json = json as Record<string, unknown>
    this.#path = path
  }

  /** Whether the field has a value; asking makes it one of the known fields. */
  has(field: string): boolean {
    this.#asked.add(field)
    return this.#json[field] !== undefined && this.#json[field] !== null
  }

  /** A whole number of at least `least` (1). */
  count(field: string, options: { readonly least?: number; readonly otherwise?: number } = {}): number {
    const value = this.#value(field, options.otherwise)
    const least = options.least ?? 1
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least)
      throw this.fault(field, `a whole number from ${least}`)
    return value
  }

  /** The same, or undefined when the field is absent or null. */
  optionalCount(field: string, least = 1): number | undefined {
    this.#asked.add(field)
    return this.has(field) ? this.count(field, { least }) : undefined
  }

  /** A finite number within bounds. */
  number(
    field: string,
    options: { readonly otherwise?: number; readonly least: number; readonly below: number },
  ): number {
    const value = this.#value(field, options.otherwise)
    if (typeof value !== 'number' || !(value >= options.least && value < options.below))
      throw this.fault(field, `a number from ${options.least} and below ${options.below}`)
    return value
  }

  /** Text that is not empty. */
  text(field: string, otherwise?: string): string {
    const value = this.#value(field, otherwise)
    if (typeof value !== 'string' || value === '') throw this.fault(field, 'text')
    return value
  }

  /** A list of texts, not empty unless there is another value for its absence. */
  texts(field: string, otherwise?: readonly string[]): readonly string[] {
    const value = this.#value(field, otherwise as string[] | undefined)
    if (
      !Array.isArray(value) ||
      (value.length === 0 && !otherwise) ||
      !value.every(v => typeof v === 'string' && v !== '')
    )
      throw this.fault(field, 'a list of texts')
    return value as string[]
  }

  /** The fields of an object that must be there. */
  inner(field: string): ConfigFields {
    return new ConfigFields(this.#value(field), `${this.#path}.${field}`)
  }

  /** What a field holds, for a reader of its own. */
  raw(field: string): unknown {
    return this.#value(field)
  }

  flag(field: string, otherwise?: boolean): boolean {
    const value = this.#value(field, otherwise)
    if (typeof value !== 'boolean') throw this.fault(field, 'true or false')
    return value
  }

  choice<T extends string>(field: string, choices: readonly T[], otherwise?: T): T {
    const value = this.#value(field, otherwise)
    const found = choices.find(choice => choice === value)
    if (found === undefined) throw this.fault(field, `one of ${choices.join(', ')}`)
    return found
  }

  /** A list of whole numbers from 1, not empty. */
  counts(field: string): readonly number[] {
    const value = this.#value(field)
    if (!Array.isArray(value) || value.length === 0 || !value.every(v => Number.isSafeInteger(v) && v >= 1))
      throw this.fault(field, 'a list of whole numbers from 1')
    return value as number[]
  }

  /** Names with whole numbers from 1, not empty unless told, in the order of the file. */
  namedCounts(field: string, options: { readonly mayBeEmpty?: boolean } = {}): ReadonlyMap<string, number> {
    const value = this.#value(field)
    const object = typeof value === 'object' && value !== null && !Array.isArray(value)
    if (!object || (Object.keys(value).length === 0 && !options.mayBeEmpty))
      throw this.fault(field, 'an object of names and whole numbers')
    const entries = Object.entries(value as Record<string, unknown>)
    if (!entries.every(([, n]) => typeof n === 'number' && Number.isSafeInteger(n) && n >= 1))
      throw this.fault(field, 'names with whole numbers from 1')
    return new Map(entries as [string, number][])
  }

  /** A list of objects, not empty unless told, each with its own fields to read. */
  list(field: string, options: { readonly mayBeEmpty?: boolean } = {}): readonly ConfigFields[] {
    const value = this.#value(field, options.mayBeEmpty ? [] : undefined)
    if (!Array.isArray(value) || (value.length === 0 && !options.mayBeEmpty)) throw this.fault(field, 'a list')
    return value.map((item, i) => new ConfigFields(item, `${this.#path}.${field}[${i}]`))
  }

  /** Objects by name, not empty, each with its own fields to read. */
  named(field: string): ReadonlyMap<string, ConfigFields> {
    const value = this.#value(field)
    if (typeof value !== 'object' || value === null || Array.isArray(value) || Object.keys(value).length === 0)
      throw this.fault(field, 'an object of names')
    return new Map(Object.entries(value).map(([name, v]) => [name, new ConfigFields(v, `${this.#path}.${field}.${name}`)])) // biome-ignore format: one thought
  }

  fault(field: string, expected: string): WorkbenchError {
    return new WorkbenchError(
      'bad-model',
      `${this.#path}.${field} is ${show(this.#json[field])}, expected ${expected}`,
      'check model.json',
      { field },
    )
  }

  /** To be called when all fields are read. @throws WorkbenchError `bad-model` that names a field nobody knows */
  end(): void {
    const unknown = Object.keys(this.#json).find(field => !this.#asked.has(field))
    if (unknown !== undefined)
      throw new WorkbenchError(
        'bad-model',
        `${this.#path}.${unknown} is not a field of this kind of network`,
        `remove it; the fields are ${[...this.#asked].join(', ')}`,
        { field: unknown },
      )
  }

  #value(field: string, otherwise?: unknown): unknown {
    this.#asked.add(field)
    return this.has(field) ? this.#json[field] : otherwise
  }
}

const show = (value: unknown): string => (value === undefined ? 'missing' : JSON.stringify(value).slice(0, 60))
