import type { CramFile } from '@gmod/cram'

export type Slice = ReturnType<ReturnType<CramFile['getContainerAtPosition']>['getSlice']>

/** What only the header of a slice with mapped reads has, and what all have. Positions 1-based. */
export interface SliceHeader {
  readonly refSeqId: number
  readonly refSeqStart: number
  readonly refSeqSpan: number
  readonly numRecords: number
  readonly recordCounter: number
  readonly refBaseBlockId: number
  readonly md5?: readonly number[] | undefined
}

/** The decoder's type of a slice header leaves out what only a mapped slice has: one cast, here. */
export function sliceHeader(header: { readonly parsedContent: object }): SliceHeader {
  const none = { refSeqId: -1, refSeqStart: 0, refSeqSpan: 0, refBaseBlockId: -1 }
  return { ...none, ...(header.parsedContent as Omit<SliceHeader, keyof typeof none>) }
}

/** What a slice's values may be: reads and gaps of more than 2^28 bp, or so many features, are damage. */
const MAX_VALUE = 2 ** 28
const LENGTHS: ReadonlySet<string> = new Set(['RL', 'FN', 'DL', 'RS', 'HC', 'PD'])

type Scheme = NonNullable<Awaited<ReturnType<Slice['container']['getCompressionScheme']>>>
type Block = Awaited<ReturnType<Slice['getBlocks']>>[number]
type Codec = ReturnType<Scheme['getCodecForTag']>

/**
 * Bounds the decoder's loops. Some encodings give values without using up any data, so that a damaged count keeps it busy for hours: an
 * honest slice takes some ten values for each byte that it unpacks to. And past the end of the bits its gamma code looks for a 1
 * for ever: ones are put there, and a read that used them is refused.
 */
export function boundDecoding(scheme: Scheme, core: Block, unpackedBytes: number): void {
  const bits = 8 * core.content.length
  const padded = new Uint8Array(core.content.length + 64).fill(0xff)
  padded.set(core.content)
  core.content = padded
  let left = 100 * (unpackedBytes + 10_000)
  const bounded = <C extends Codec>(codec: C, isLength: boolean): C => {
    const decode = codec.decode.bind(codec)
    const guarded = Object.create(codec) as C
    guarded.decode = (...args: Parameters<C['decode']>) => {
      const value = decode(...(args as Parameters<typeof decode>))
      const { bytePosition, bitPosition } = args[3].coreBlock
      if (--left < 0) throw new RangeError('more values than the slice can hold')
      if (8 * bytePosition + (7 - bitPosition) > bits) throw new RangeError('values past the end of the slice')
      if (isLength && typeof value === 'number' && !(value >= 0 && value <= MAX_VALUE)) throw new RangeError(`a length of ${value}`) // biome-ignore format: one line
      return value
    }
    return guarded
  }
  const ofSeries = scheme.getCodecForDataSeries.bind(scheme)
  scheme.getCodecForDataSeries = series => {
    const codec = ofSeries(series)
    return codec && (bounded(codec as Codec, LENGTHS.has(series)) as typeof codec)
  }
  const ofTag = scheme.getCodecForTag.bind(scheme)
  const tagCodecs = new Map<string, Codec>()
  scheme.getCodecForTag = tag => {
    let codec = tagCodecs.get(tag)
    if (!codec) {
      codec = bounded(ofTag(tag), false)
      tagCodecs.set(tag, codec)
    }
    return codec
  }
}
