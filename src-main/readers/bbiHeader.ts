import type { Contig } from '../../src-shared/genome/locus.ts'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { CheckedFile } from './checkedFile.ts'

/** A reduction of a bigWig: one summary per `reductionBp` or less. Offsets are bytes of the file. */
export interface ZoomLevel {
  readonly reductionBp: number
  readonly indexAt: number
}

/** What a bigWig or bigBed says of itself (Kent et al. 2010, supplement). */
export interface BbiHeader {
  readonly kind: 'bigwig' | 'bigbed'
  readonly version: number
  readonly littleEndian: boolean
  readonly contigs: readonly Contig[]
  /** Number by which the file names each contig, in the order of `contigs`. */
  readonly contigIds: readonly number[]
  readonly zoomLevels: readonly ZoomLevel[]
  readonly indexAt: number
  /** Largest unpacked block, bytes; 0 when blocks are not packed. */
  readonly unpackedBlockMax: number
}

const BIGWIG = 0x888ffc26
const BIGBED = 0x8789f2eb
const CHROM_TREE = 0x78ca8c91
/** No honest block comes near: 1,024 items of 12 bytes are usual. */
const MAX_BLOCK = 64 * 1024 * 1024
const MAX_CONTIGS = 10_000_000

/** `little`, `big` or undefined when the bytes begin neither a bigWig nor a bigBed. */
export function bbiOrder(bytes: Uint8Array): { kind: 'bigwig' | 'bigbed'; littleEndian: boolean } | undefined {
  if (bytes.length < 4) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (const littleEndian of [true, false]) {
    const magic = view.getUint32(0, littleEndian)
    if (magic === BIGWIG) return { kind: 'bigwig', littleEndian }
    if (magic === BIGBED) return { kind: 'bigbed', littleEndian }
  }
  return undefined
}

/** @throws WorkbenchError `wrong-type`, `truncated`, `corrupt` */
export async function readBbiHeader(file: CheckedFile): Promise<BbiHeader> {
  const head = await file.read(64)
  const order = bbiOrder(head)
  if (!order) throw new WorkbenchError('wrong-type', `'${file.path}' is not a bigWig`, 'give a .bw or .bigWig file')
  const little = order.littleEndian
  if (head.length < 64) throw truncatedBbi(file.path)
  const view = new DataView(head.buffer)
  const u64 = (v: DataView, at: number) => {
    const [first, second] = [v.getUint32(at, little), v.getUint32(at + 4, little)]
    return little ? first + second * 2 ** 32 : second + first * 2 ** 32
  }
  const inside = (at: number, what: string) => {
    if (at < 64 || at >= file.size) throw new WorkbenchError('truncated', `'${file.path}' has its ${what} at byte ${at}, past its end of ${file.size}`, 'copy or download it again') // biome-ignore format: one line
    return at
  }
  const zoomCount = view.getUint16(6, little)
  const zooms = await file.read(zoomCount * 24, 64)
  if (zooms.length < zoomCount * 24) throw truncatedBbi(file.path)
  const zoomView = new DataView(zooms.buffer)
  const zoomLevels: ZoomLevel[] = []
  for (let i = 0; i < zoomCount; i++) {
    const reductionBp = zoomView.getUint32(i * 24, little)
    if (reductionBp === 0) continue
    zoomLevels.push({ reductionBp, indexAt: inside(u64(zoomView, i * 24 + 16), 'zoom index') })
  }
  zoomLevels.sort((a, b) => a.reductionBp - b.reductionBp)
  const unpackedBlockMax = view.getUint32(52, little)
  if (unpackedBlockMax > MAX_BLOCK) throw corruptBbi(file.path, `blocks of ${unpackedBlockMax} bytes`)
  const { contigs, contigIds } = await readContigs(file, inside(u64(view, 8), 'contig list'), little)
  return {
    ...order,
    version: view.getUint16(4, little),
    contigs,
    contigIds,
    zoomLevels,
    indexAt: inside(u64(view, 24), 'index'),
    unpackedBlockMax,
  }
}

/** The B+ tree of contigs, walked without recursion; a node that comes twice is a damaged file, not an endless loop. */
async function readContigs(file: CheckedFile, at: number, little: boolean) {
  const head = await file.read(32, at)
  if (head.length < 32) throw truncatedBbi(file.path)
  const view = new DataView(head.buffer)
  if (view.getUint32(0, little) !== CHROM_TREE) throw corruptBbi(file.path, 'no contig list where it should be')
  const keySize = view.getUint32(8, little)
  const count = view.getUint32(16, little)
  if (keySize === 0 || keySize > 4096 || view.getUint32(12, little) !== 8 || count > MAX_CONTIGS)
    throw corruptBbi(file.path, 'a damaged contig list')
  const contigs: Contig[] = []
  const contigIds: number[] = []
  const waiting = [at + 32]
  const seen = new Set<number>()
  for (let nodeAt = waiting.pop(); nodeAt !== undefined; nodeAt = waiting.pop()) {
    if (seen.has(nodeAt) || seen.size > MAX_CONTIGS) throw corruptBbi(file.path, 'a contig list that runs in a circle')
    seen.add(nodeAt)
    const nodeHead = await file.read(4, nodeAt)
    if (nodeHead.length < 4) throw truncatedBbi(file.path)
    const items = new DataView(nodeHead.buffer).getUint16(2, little)
    const itemSize = keySize + 8
    const node = await file.read(items * itemSize, nodeAt + 4)
    if (node.length < items * itemSize) throw truncatedBbi(file.path)
    const nodeView = new DataView(node.buffer)
    for (let i = 0; i < items; i++) {
      const valueAt = i * itemSize + keySize
      const [first, second] = [nodeView.getUint32(valueAt, little), nodeView.getUint32(valueAt + 4, little)]
      if (nodeHead[0] === 1) {
        const key = Buffer.from(node.subarray(i * itemSize, valueAt)).toString('utf8')
        contigs.push({ name: key.split('\0', 1)[0]!, length: second })
        contigIds.push(first)
      } else waiting.push(little ? first + second * 2 ** 32 : second + first * 2 ** 32)
    }
  }
  if (contigs.length !== count) throw corruptBbi(file.path, `${contigs.length} contigs instead of ${count}`)
  const order = contigs.map((_, i) => i).sort((a, b) => contigIds[a]! - contigIds[b]!)
  return { contigs: order.map(i => contigs[i]!), contigIds: order.map(i => contigIds[i]!) }
}

export const truncatedBbi = (path: string) =>
  new WorkbenchError('truncated', `'${path}' ends before its data do`, 'copy or download it again')

export const corruptBbi = (path: string, what: string, cause?: unknown) =>
  new WorkbenchError('corrupt', `'${path}' has ${what}`, 'copy or download it again', undefined, { cause })
