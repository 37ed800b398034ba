import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { createMergeTable, type MergeTable } from './mergeTable.ts'
import { type ModelFile, PIECE } from './modelFile.ts'

/** A trie over UTF-16 code units, for the common-prefix search of the unigram model. Node 0 is the root. */
export class PieceTrie {
  private readonly children = new Map<number, number>()
  private readonly ids: number[] = [-1]
  add(piece: string, id: number): void {
    let node = 0
    for (let i = 0; i < piece.length; i++) {
      const key = node * 65536 + piece.charCodeAt(i)
      let next = this.children.get(key)
      if (next === undefined) {
        next = this.ids.length
        this.ids.push(-1)
        this.children.set(key, next)
      }
      node = next
    }
    this.ids[node] = id
  }
  /** The child of `node` by a code unit, or -1. */
  child(node: number, code: number): number {
    return this.children.get(node * 65536 + code) ?? -1
  }
  /** The id of the piece that ends at `node`, or -1. */
  idAt(node: number): number {
    return this.ids[node] as number
  }
}

/**
 * Where the reference library begins its search for the highest score: C's FLT_MIN, which is positive, so that with the usual negative
 * scores a user-defined symbol costs next to nothing whatever its length.
 */
const SMALLEST_FLOAT32 = 1.17549435e-38

/** A model's pieces, indexed for encoding. */
export interface Vocabulary {
  readonly pieces: readonly string[]
  readonly scores: Float32Array
  /** Pieces that text can become: normal, user-defined and unused. */
  readonly mergeable: ReadonlyMap<string, number>
  readonly unkId: number
  readonly minScore: number
  readonly maxScore: number
  readonly trie: PieceTrie
  /** [UTF-16 unit] -> the piece that it is alone, or -1. */
  readonly unitPieces: Int32Array
  /** Made when it is first asked for: only byte-pair models need it. */
  readonly merges: MergeTable
  readonly hasUnused: boolean
  /** Some piece is user-defined. */
  readonly hasSymbols: boolean
  /** Length (UTF-16 units) of the longest user-defined symbol at `at`, 0 when there is none. */
  userSymbolAt(text: string, at: number): number
  /** The id of a piece of any type; the unknown id when it is none. */
  idOf(piece: string): number
  isUnused(id: number): boolean
  isUserDefined(id: number): boolean
  isControl(id: number): boolean
  isByte(id: number): boolean
  /** Id of the piece `<0x0A>` for byte 10. */
  byteId(byte: number): number
}

/** @throws WorkbenchError `bad-model`: a piece twice, or no unknown piece */
export function createVocabulary(model: ModelFile): Vocabulary {
  const bad = (what: string) =>
    new WorkbenchError('bad-model', `the tokenizer model ${what}`, 'use an intact model file')
  const all = new Map<string, number>()
  const mergeable = new Map<string, number>()
  const scores = new Float32Array(model.pieces.length)
  const trie = new PieceTrie()
  const symbols = new PieceTrie()
  let hasSymbols = false
  let merges: MergeTable | undefined
  const unitPieces = new Int32Array(65_536).fill(-1)
  let unkId = -1
  let minScore = Number.POSITIVE_INFINITY
  let maxScore = SMALLEST_FLOAT32
  model.pieces.forEach(({ piece, score, type }, id) => {
    if (all.has(piece)) throw bad(`has the piece '${piece}' twice`)
    all.set(piece, id)
    scores[id] = score
    if (type === PIECE.unknown) {
      if (unkId >= 0) throw bad('has two unknown pieces')
      unkId = id
    }
    if (type === PIECE.normal) {
      minScore = Math.min(minScore, score)
      maxScore = Math.max(maxScore, score)
    }
    if (type === PIECE.normal || type === PIECE.userDefined || type === PIECE.unused) {
      mergeable.set(piece, id)
      if (piece.length === 1) unitPieces[piece.charCodeAt(0)] = id
      trie.add(piece, id)
    }
    if (type === PIECE.userDefined) {
      symbols.add(piece, id)
      hasSymbols = true
    }
  })
  if (unkId < 0) throw bad('has no unknown piece')
  const typeOf = (id: number) => model.pieces[id]?.type
  const bytes = Array.from(
    { length: 256 },
    (_, b) => all.get(`<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`) ?? -1,
  )
  if (model.trainer.byteFallback && bytes.some(id => id < 0 || typeOf(id) !== PIECE.byte))
    throw bad('falls back to bytes but lacks some of the 256 byte pieces')
  return {
    pieces: model.pieces.map(p => p.piece),
    scores,
    mergeable,
    unkId,
    minScore: Number.isFinite(minScore) ? minScore : 0,
    maxScore,
    trie,
    unitPieces,
    get merges() {
      merges ??= createMergeTable(mergeable)
      return merges
    },
    hasSymbols,
    hasUnused: model.pieces.some(p => p.type === PIECE.unused),
    userSymbolAt(text, at) {
      if (!hasSymbols) return 0
      let node = 0
      let length = 0
      for (let i = at; i < text.length; i++) {
        node = symbols.child(node, text.charCodeAt(i))
        if (node < 0) break
        if (symbols.idAt(node) >= 0) length = i + 1 - at
      }
      return length
    },
    idOf: piece => all.get(piece) ?? unkId,
    isUnused: id => typeOf(id) === PIECE.unused,
    isUserDefined: id => typeOf(id) === PIECE.userDefined,
    isControl: id => typeOf(id) === PIECE.control,
    isByte: id => typeOf(id) === PIECE.byte,
    byteId: byte => bytes[byte] ?? unkId,
  }
}
