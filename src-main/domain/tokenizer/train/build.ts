import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { DIPLOTYPE_CODES } from '../../../../src-shared/genome/diplotype.ts'
import { MODEL_TYPE, PIECE, type Piece, writeModelFile } from '../modelFile.ts'
import type { BpeMerges } from './bpeTrainer.ts'
import { compareCodePoints } from './candidateHeap.ts'
import type { SymbolCorpus } from './symbols.ts'

/** Ids 0 to 4, in this order, in every model made here. */
export const SPECIAL_PIECES = ['[UNK]', '[CLS]', '[SEP]', '[MASK]', '[PAD]'] as const

export const ALPHABETS = {
  /** The five letters of one haplotype. */
  haplotype: [...'ACGTN'],
  /** The 66 codes of an unordered pair of haplotype tokens. */
  diplotype: DIPLOTYPE_CODES.map(code => code.char),
  corpus: [] as readonly string[],
} as const
export type AlphabetName = keyof typeof ALPHABETS

/**
 * The model file of a trained vocabulary: specials, merges in their order (scores 0, -1, -2 …), then single characters by falling
 * frequency, scores going on; characters of the alphabet that the corpus lacks come last, in code-point order.
 */
export function buildModel(options: {
  readonly corpus: Pick<SymbolCorpus, 'characters' | 'frequencies'>
  readonly merges: BpeMerges
  readonly alphabet: readonly string[]
  readonly normalization: 'nfkc' | 'identity'
  readonly charsmap: Uint8Array
  readonly maxPieceLength: number
}): Uint8Array {
  const { corpus, merges, alphabet } = options
  const seen = corpus.characters.map((character, i) => ({ character, frequency: corpus.frequencies[i] as number }))
  const known = new Set(corpus.characters)
  const missing = [...new Set(alphabet)].filter(c => !known.has(c)).sort(compareCodePoints)
  const characters = [
    ...seen
      .sort((a, b) => b.frequency - a.frequency || compareCodePoints(a.character, b.character))
      .map(s => s.character),
    ...missing,
  ]
  const pieces: Piece[] = [
    ...SPECIAL_PIECES.map((piece, i) => ({ piece, score: 0, type: i === 0 ? PIECE.unknown : PIECE.control })),
    ...[...merges.pieces, ...characters].map((piece, i) => ({ piece, score: -i, type: PIECE.normal })),
  ]
  return writeModelFile({
    pieces,
    trainerBytes: trainerSpec(pieces.length, options.maxPieceLength),
    normalizerBytes: normalizerSpec(options.normalization, options.charsmap),
    rest: [],
  })
}

/** Fields of TrainerSpec that a reader of the model needs, and those that say how it was made. */
function trainerSpec(vocabularySize: number, maxPieceLength: number): Uint8Array {
  const w = new BinaryWriter()
  const integer = (field: number, value: number) => w.tag(field, WireType.Varint).int32(value)
  const text = (field: number, value: string) => w.tag(field, WireType.LengthDelimited).string(value)
  const flag = (field: number, value: boolean) => w.tag(field, WireType.Varint).bool(value)
  integer(3, MODEL_TYPE.bpe)
  integer(4, vocabularySize)
  w.tag(10, WireType.Bit32).float(1) // character_coverage: every character is a piece
  integer(20, maxPieceLength)
  flag(21, false) // split_by_unicode_script: Latin and Han codes may stand in one piece
  flag(22, true) // split_by_whitespace
  flag(23, false) // split_by_number
  for (const control of SPECIAL_PIECES.slice(1)) text(30, control)
  flag(35, false) // byte_fallback
  integer(40, 0) // unk_id
  for (const field of [41, 42, 43]) integer(field, -1) // bos, eos, pad: [CLS], [SEP], [PAD] are control symbols instead
  text(45, SPECIAL_PIECES[0])
  return w.finish()
}

function normalizerSpec(name: 'nfkc' | 'identity', charsmap: Uint8Array): Uint8Array {
  const w = new BinaryWriter()
  w.tag(1, WireType.LengthDelimited).string(name)
  if (charsmap.length > 0) w.tag(2, WireType.LengthDelimited).bytes(charsmap)
  for (const field of [3, 4, 5]) w.tag(field, WireType.Varint).bool(true)
  return w.finish()
}
