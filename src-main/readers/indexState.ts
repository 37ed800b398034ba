import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { IndexState } from '../../src-shared/genome/files.ts'
import type { Contig } from '../../src-shared/genome/locus.ts'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { type BinIndex, parseBinIndex } from './binIndex.ts'
import { blockSize } from './blockGzip.ts'
import { type CheckedFile, openChecked } from './checkedFile.ts'
import { parseFai, parseGzi } from './faiIndex.ts'
import { isOlder } from './indexAge.ts'

/** How an index stands to its file. */
export interface IndexFinding {
  readonly path: string
  readonly state: IndexState
  /** Why it is not `ok`, a sentence; '' when it is. */
  readonly detail: string
  /** Contigs that the index names (tabix, .fai), otherwise empty. Lengths are 0 where it does not tell them. */
  readonly contigs: readonly Contig[]
}

type Judge = (bytes: Uint8Array) => Promise<{ foreign?: string; contigs?: readonly Contig[] }>

/** The first of the paths that is there, or undefined. */
export async function firstPresent(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if ((await stat(path).catch(() => undefined)) !== undefined) return path
  return undefined
}

async function judged(
  file: CheckedFile,
  indexPath: string | undefined,
  expected: string,
  judge: Judge,
): Promise<IndexFinding> {
  const name = basename(file.path)
  if (indexPath === undefined)
    return { path: expected, state: 'missing', detail: `'${name}' has no index '${basename(expected)}'`, contigs: [] }
  const finding = (state: IndexState, detail: string, contigs: readonly Contig[] = []): IndexFinding => ({ path: indexPath, state, detail, contigs }) // biome-ignore format: one line
  let index: CheckedFile | undefined
  try {
    index = await openChecked(indexPath)
    const { foreign, contigs } = await judge(await index.readFile())
    if (isOlder(index.modifiedMs, file.modifiedMs))
      return finding('stale', `'${basename(indexPath)}' is older than '${name}'`, contigs)
    return foreign === undefined ? finding('ok', '', contigs) : finding('foreign', foreign, contigs)
  } catch (error) {
    if (!(error instanceof WorkbenchError)) throw error
    if (error.code === 'changed' || error.code === 'internal') throw error
    return finding('unreadable', error.message)
  } finally {
    await index?.close()
  }
}

/** The .bai, .csi or .tbi of a BGZF file. `contigs`: of a BAM's header, to be matched. */
export function binIndexFinding(
  file: CheckedFile,
  indexPath: string | undefined,
  expected: string,
  contigs?: readonly Contig[],
): Promise<IndexFinding> {
  return judged(file, indexPath, expected, async bytes => {
    const index = parseBinIndex(bytes, indexPath ?? expected)
    const name = basename(file.path)
    const named = index.names.map(n => ({ name: n, length: 0 }))
    if (contigs && index.contigs.length !== contigs.length)
      return { foreign: `'${basename(indexPath ?? expected)}' has ${index.contigs.length} contigs, '${name}' has ${contigs.length}` } // biome-ignore format: one line
    const wrong = await wrongOffset(file, index)
    return wrong === undefined ? { contigs: named } : { foreign: `'${basename(indexPath ?? expected)}' points to byte ${wrong} of '${name}', where no block begins`, contigs: named } // biome-ignore format: one line
  })
}

/** How many places of a file are looked at to see whether an index fits it. */
const SAMPLES = 24

/** A file offset of the index at which the file has no block, looked for at the far end and evenly over the rest. */
async function wrongOffset(file: CheckedFile, index: BinIndex): Promise<number | undefined> {
  const begins = new Set<number>()
  let last = 0
  for (const { bins, linear } of index.contigs) {
    for (const chunks of bins.values())
      for (let i = 0; i < chunks.length; i += 2) {
        begins.add(Math.floor(chunks[i]! / 65_536))
        last = Math.max(last, Math.floor(chunks[i + 1]! / 65_536))
      }
    for (const offset of linear) begins.add(Math.floor(offset / 65_536))
  }
  if (last > file.size) return last
  const all = [...begins].sort((a, b) => a - b)
  const step = Math.max(1, all.length / SAMPLES)
  const sampled = new Set([all.length - 1, ...Array.from({ length: SAMPLES }, (_, i) => Math.floor(i * step))])
  for (const i of sampled) {
    const offset = all[i]
    if (offset === undefined || (offset === file.size && offset === last)) continue
    if (blockSize(await file.read(4096, offset)) === undefined) return offset
  }
  return undefined
}

/** A line of a .crai: a slice of a contig (`contig` -1: unplaced). Positions 1-based, sizes and offsets in bytes. */
export interface CraiEntry {
  readonly contig: number
  readonly start: number
  readonly span: number
  readonly container: number
  readonly slice: number
  readonly bytes: number
}

/** @throws WorkbenchError `bad-index` */
export function parseCrai(bytes: Uint8Array, path: string): CraiEntry[] {
  const bad = (what: string, cause?: unknown) => new WorkbenchError('bad-index', `'${path}' ${what}`, `rebuild it with samtools index`, undefined, { cause }) // biome-ignore format: one line
  let text: string
  try {
    const gzip = bytes[0] === 0x1f && bytes[1] === 0x8b
    text = Buffer.from(gzip ? gunzipSync(bytes, { maxOutputLength: 256 * 1024 * 1024 }) : bytes).toString('latin1')
  } catch (error) {
    throw bad('cannot be unpacked', error)
  }
  const entries: CraiEntry[] = []
  for (const [i, line] of text.split('\n').entries()) {
    if (line === '') continue
    const numbers = line.split('\t').map(field => (/^-?\d{1,15}$/.test(field.trim()) ? Number(field) : Number.NaN))
    const [contig = -1, start = 0, span = 0, container = 0, slice = 0, size = 0] = numbers
    if (numbers.length !== 6 || numbers.some(Number.isNaN) || contig < -2 || container < 26 || slice < 0 || size < 0)
      throw bad(`is damaged in line ${i + 1}`)
    entries.push({ contig, start, span, container, slice, bytes: size })
  }
  return entries
}

/** Why a .crai cannot be that of the file; undefined when it can. */
export function craiForeign(entries: readonly CraiEntry[], fileSize: number, contigCount: number): string | undefined {
  for (const e of entries) {
    if (e.contig >= contigCount) return `names contig ${e.contig + 1} of ${contigCount}`
    if (e.container + e.slice + e.bytes > fileSize)
      return `points to byte ${e.container + e.slice + e.bytes} of ${fileSize}`
  }
  return undefined
}

export function craiFinding(
  file: CheckedFile,
  indexPath: string | undefined,
  expected: string,
  contigs: readonly Contig[],
): Promise<IndexFinding> {
  // biome-ignore format: one line
  return judged(file, indexPath, expected, async bytes => {
    const wrong = craiForeign(parseCrai(bytes, indexPath ?? expected), file.size, contigs.length)
    return wrong === undefined ? {} : { foreign: `'${basename(indexPath ?? expected)}' ${wrong}` }
  })
}

/** The .fai of a FASTA, and for bgzip the .gzi: the first that is not `ok` is told. */
export async function faiFinding(file: CheckedFile, bgzip: boolean): Promise<IndexFinding> {
  const fai = `${file.path}.fai`
  const found = await judged(file, await firstPresent([fai]), fai, async bytes => {
    // Read without a bound, so that an index that points too far is told from one that cannot be read.
    const entries = parseFai(new TextDecoder().decode(bytes), fai)
    const contigs = entries.map(({ name, length }) => ({ name, length }))
    const far = bgzip ? undefined : entries.find(e => e.length > 0 && e.offset + e.length > file.size)
    return far ? { contigs, foreign: `'${basename(fai)}' reaches past the end of '${basename(file.path)}'` } : { contigs } // biome-ignore format: one choice
  })
  if (!bgzip || found.state !== 'ok') return found
  const gzi = `${file.path}.gzi`
  const blocks = await judged(file, await firstPresent([gzi]), gzi, async bytes => {
    parseGzi(bytes, gzi, file.size)
    return {}
  })
  return blocks.state === 'ok' ? found : { ...blocks, path: fai, contigs: found.contigs }
}
