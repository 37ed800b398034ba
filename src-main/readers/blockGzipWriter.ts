import { crc32, deflateRawSync } from 'node:zlib'
import { END_OF_FILE } from './blockGzip.ts'

/** Content of one block as bgzip cuts it: leaves room for the header even when nothing compresses (htslib's BGZF_BLOCK_SIZE). */
const BLOCK_CONTENT = 0xff00
const HEADER = 18
const FOOTER = 8

export interface BlockGzip {
  readonly bytes: Uint8Array
  /** Where every block begins, [in the file, in the content], the end-of-file block left out. */
  readonly blocks: readonly (readonly [packed: number, unpacked: number])[]
}

/** Packs bytes as BGZF (SAM spec 4.1) with its end-of-file block. */
export function packBlockGzip(content: Uint8Array, level = 9): BlockGzip {
  const parts: Uint8Array[] = []
  const blocks: [number, number][] = []
  let packed = 0
  for (let at = 0; at < content.length; at += BLOCK_CONTENT) {
    const block = packBlock(content.subarray(at, at + BLOCK_CONTENT), level)
    blocks.push([packed, at])
    parts.push(block)
    packed += block.length
  }
  parts.push(END_OF_FILE)
  return { bytes: joined(parts), blocks }
}

/** Virtual file offset (SAM spec 4.1.1) of a place in the content; its end is the beginning of the end-of-file block. */
export function virtualOffset(blocks: BlockGzip['blocks'], contentOffset: number, packedEnd: number): bigint {
  const index = Math.floor(contentOffset / BLOCK_CONTENT)
  const block = blocks[index]
  if (!block) return BigInt(packedEnd - END_OF_FILE.length) << 16n
  return (BigInt(block[0]) << 16n) | BigInt(contentOffset - block[1])
}

/** The .gzi index of bgzip: number of blocks after the first, then their [packed, unpacked] offsets, 64-bit little-endian. */
export function gziOf({ blocks }: BlockGzip): Uint8Array {
  const bytes = new Uint8Array(8 + 16 * Math.max(0, blocks.length - 1))
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(Math.max(0, blocks.length - 1)), true)
  blocks.slice(1).forEach(([packed, unpacked], i) => {
    view.setBigUint64(8 + 16 * i, BigInt(packed), true)
    view.setBigUint64(16 + 16 * i, BigInt(unpacked), true)
  })
  return bytes
}

function packBlock(content: Uint8Array, level: number): Uint8Array {
  const deflated = deflateRawSync(content, { level })
  const block = new Uint8Array(HEADER + deflated.length + FOOTER)
  block.set(END_OF_FILE.subarray(0, HEADER))
  block.set(deflated, HEADER)
  const view = new DataView(block.buffer)
  view.setUint16(16, block.length - 1, true)
  view.setUint32(block.length - 8, crc32(content), true)
  view.setUint32(block.length - 4, content.length, true)
  return block
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
