import { WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import { META_SPACE } from '../normalizer.ts'
import { type Growing, growingUint16 } from './growing.ts'

/** Stands between words: nothing is merged across it. */
export const BOUNDARY = 0
/** Symbols are 16 bits: the boundary, the characters, the merges. */
export const MAX_SYMBOLS = 65_535

/** A corpus as symbols, 0 between words; symbol s > 0 is the character `characters[s - 1]`. */
export interface SymbolCorpus {
  readonly symbols: Uint16Array
  readonly length: number
  readonly characters: readonly string[]
  /** How often each character occurs. */
  readonly frequencies: Float64Array
  readonly lines: number
  /** Lines that were too long, in bytes, and left out. */
  readonly skipped: number
}

/**
 * Collects normalised lines as symbols. Words are what stands between spaces (the meta symbol begins a word), so pieces never contain
 * a space inside; a diplotype sentence is one word.
 */
export class CorpusBuilder {
  private readonly symbols: Growing<Uint16Array> = growingUint16(1 << 20)
  private readonly idOf = new Map<number, number>()
  /** Ids of the characters of the basic plane, which nearly all are. */
  private readonly fast = new Uint16Array(65_536)
  private readonly characters: string[] = []
  private readonly counts: number[] = []
  private lines = 0
  private skipped = 0

  constructor() {
    this.symbols.push(BOUNDARY)
  }

  add(normalized: string): void {
    this.lines++
    if (normalized === '') return
    const { symbols, fast } = this
    symbols.reserve(2 * normalized.length + 1)
    const { data } = symbols
    let at = symbols.length
    const meta = META_SPACE.charCodeAt(0)
    let afterMeta = true
    for (let i = 0; i < normalized.length; i++) {
      let code = normalized.charCodeAt(i)
      if (code >= 0xd800 && code <= 0xdbff) code = normalized.codePointAt(i++) as number
      if (code === meta && !afterMeta) data[at++] = BOUNDARY
      afterMeta = code === meta
      let id = code < 65_536 ? (fast[code] as number) : (this.idOf.get(code) ?? 0)
      if (id === 0) id = this.addCharacter(code)
      data[at++] = id
      this.counts[id - 1] = (this.counts[id - 1] as number) + 1
    }
    data[at++] = BOUNDARY
    symbols.length = at
  }

  skip(): void {
    this.skipped++
  }

  finish(): SymbolCorpus {
    return {
      symbols: this.symbols.data,
      length: this.symbols.length,
      characters: this.characters,
      frequencies: Float64Array.from(this.counts),
      lines: this.lines,
      skipped: this.skipped,
    }
  }

  private addCharacter(code: number): number {
    const id = this.characters.length + 1
    if (id > MAX_SYMBOLS) throw new WorkbenchError('unsupported', 'the corpus has over 65,534 different characters', 'give a corpus of sequences or of one language') // biome-ignore format: one line
    this.characters.push(String.fromCodePoint(code))
    this.counts.push(0)
    if (code < 65_536) this.fast[code] = id
    else this.idOf.set(code, id)
    return id
  }
}
