import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'

/** A piece's kind (sentencepiece_model.proto, ModelProto.SentencePiece.Type). */
export const PIECE = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const
export type PieceType = (typeof PIECE)[keyof typeof PIECE]

export interface Piece {
  readonly piece: string
  readonly score: number
  readonly type: PieceType
}

/** TrainerSpec.ModelType. */
export const MODEL_TYPE = { unigram: 1, bpe: 2, word: 3, char: 4 } as const
export type ModelType = (typeof MODEL_TYPE)[keyof typeof MODEL_TYPE]

export interface NormalizerSpec {
  readonly name: string
  readonly precompiledCharsmap: Uint8Array
  readonly addDummyPrefix: boolean
  readonly removeExtraWhitespaces: boolean
  readonly escapeWhitespaces: boolean
}

/** The parts of TrainerSpec that encoding and decoding depend on, and every field as it was, for writing it again. */
export interface TrainerSpec {
  readonly modelType: ModelType
  readonly treatWhitespaceAsSuffix: boolean
  readonly byteFallback: boolean
  readonly unkId: number
  readonly unkSurface: string
}

/**
 * A SentencePiece model file. Field numbers follow sentencepiece_model.proto. `rest` holds the bytes of every field that this program
 * does not interpret, so that saving a model again loses nothing.
 */
export interface ModelFile {
  readonly pieces: readonly Piece[]
  readonly trainer: TrainerSpec
  readonly normalizer: NormalizerSpec
  readonly trainerBytes: Uint8Array
  readonly normalizerBytes: Uint8Array
  readonly rest: readonly { readonly field: number; readonly bytes: Uint8Array }[]
}

/** The library's own default when the field is absent. */
const DEFAULT_UNK_SURFACE = ' \u2047 '

const bad = (what: string) =>
  new WorkbenchError('bad-model', `this is not a usable SentencePiece model: ${what}`, 'give an intact .model file')

/** @throws WorkbenchError `bad-model` */
export function parseModelFile(bytes: Uint8Array): ModelFile {
  try {
    return parse(bytes)
  } catch (error) {
    throw error instanceof WorkbenchError ? error : bad(error instanceof Error ? error.message : String(error))
  }
}

function parse(bytes: Uint8Array): ModelFile {
  const reader = new BinaryReader(bytes)
  const pieces: Piece[] = []
  const rest: { field: number; bytes: Uint8Array }[] = []
  let trainerBytes: Uint8Array = new Uint8Array()
  let normalizerBytes: Uint8Array = new Uint8Array()
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag()
    if (field === 1 && type === WireType.LengthDelimited) pieces.push(parsePiece(reader.bytes()))
    else if (field === 2 && type === WireType.LengthDelimited) trainerBytes = reader.bytes()
    else if (field === 3 && type === WireType.LengthDelimited) normalizerBytes = reader.bytes()
    else if (type === WireType.LengthDelimited) rest.push({ field, bytes: reader.bytes() })
    else reader.skip(type, field)
  }
  if (pieces.length === 0) throw bad('it holds no pieces')
  const trainer = parseTrainer(trainerBytes)
  return { pieces, trainer, normalizer: parseNormalizer(normalizerBytes), trainerBytes, normalizerBytes, rest }
}

function parsePiece(bytes: Uint8Array): Piece {
  const reader = new BinaryReader(bytes)
  let piece = ''
  let score = 0
  let kind: number = PIECE.normal
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag()
    if (field === 1) piece = reader.string()
    else if (field === 2 && type === WireType.Bit32) score = reader.float()
    else if (field === 3) kind = reader.int32()
    else reader.skip(type, field)
  }
  if (kind < PIECE.normal || kind > PIECE.byte) throw bad(`piece '${piece}' is of unknown type ${kind}`)
  if (piece === '') throw bad('it holds an empty piece')
  return { piece, score, type: kind as PieceType }
}

function parseTrainer(bytes: Uint8Array): TrainerSpec {
  const reader = new BinaryReader(bytes)
  let modelType: number = MODEL_TYPE.unigram
  let treatWhitespaceAsSuffix = false
  let byteFallback = false
  let unkId = 0
  let unkSurface = DEFAULT_UNK_SURFACE
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag()
    if (field === 3) modelType = reader.int32()
    else if (field === 24) treatWhitespaceAsSuffix = reader.bool()
    else if (field === 35) byteFallback = reader.bool()
    else if (field === 40) unkId = reader.int32()
    else if (field === 44) unkSurface = reader.string()
    else reader.skip(type, field)
  }
  if (!Object.values<number>(MODEL_TYPE).includes(modelType)) throw bad(`its type is ${modelType}`)
  return { modelType: modelType as ModelType, treatWhitespaceAsSuffix, byteFallback, unkId, unkSurface }
}

function parseNormalizer(bytes: Uint8Array): NormalizerSpec {
  const reader = new BinaryReader(bytes)
  let name = ''
  let precompiledCharsmap: Uint8Array = new Uint8Array()
  let addDummyPrefix = true
  let removeExtraWhitespaces = true
  let escapeWhitespaces = true
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag()
    if (field === 1) name = reader.string()
    else if (field === 2) precompiledCharsmap = reader.bytes()
    else if (field === 3) addDummyPrefix = reader.bool()
    else if (field === 4) removeExtraWhitespaces = reader.bool()
    else if (field === 5) escapeWhitespaces = reader.bool()
    else reader.skip(type, field)
  }
  return { name, precompiledCharsmap, addDummyPrefix, removeExtraWhitespaces, escapeWhitespaces }
}

/** The bytes of a model file: pieces, trainer, normaliser, then what else it held. Deterministic. */
export function writeModelFile(
  model: Pick<ModelFile, 'pieces' | 'trainerBytes' | 'normalizerBytes' | 'rest'>,
): Uint8Array {
  const writer = new BinaryWriter()
  for (const p of model.pieces) {
    writer.tag(1, WireType.LengthDelimited).fork()
    writer.tag(1, WireType.LengthDelimited).string(p.piece)
    writer.tag(2, WireType.Bit32).float(p.score)
    if (p.type !== PIECE.normal) writer.tag(3, WireType.Varint).int32(p.type)
    writer.join()
  }
  writer.tag(2, WireType.LengthDelimited).bytes(model.trainerBytes)
  writer.tag(3, WireType.LengthDelimited).bytes(model.normalizerBytes)
  for (const r of model.rest) writer.tag(r.field, WireType.LengthDelimited).bytes(r.bytes)
  return writer.finish()
}
