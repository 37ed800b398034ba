import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Interval } from '../../../src-shared/genome/interval.ts'
import type { ScanData, ScanRequest, ScanVerification } from '../../../src-shared/genome/scan.ts'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { writeFileAtomic } from '../../storage/atomic.ts'
import { makeFolders } from '../../storage/folders.ts'

/** All that is kept of a scan but its numbers. */
export interface ScanHead {
  readonly version: 1
  readonly scanId: string
  readonly request: ScanRequest
  /** Ids of open files change with every start of the program; paths stay. */
  readonly modelPath: string
  readonly referencePath: string
  readonly modelName: string
  readonly modelId: string
  readonly weightsSha256: string
  readonly columns: ScanData['columns']
  /** Of the scanned positions, and of the whole window as SHA-256: a scan goes on only on the same bases. */
  readonly sequence: string
  readonly windowSha256: string
  readonly window: Interval
  readonly answered: Interval
  readonly bins: { readonly first: number; readonly count: number; readonly binBp: number }
  readonly state: ScanData['state']
  readonly ranWith: string
  readonly verified: ScanVerification | null
  readonly warnings: readonly string[]
  readonly createdAt: number
  readonly exactCells: number
  readonly totalCells: number
}

export interface StoredScan {
  readonly head: ScanHead
  /** [columns, positions, 4]. */
  readonly effects: Float32Array
  /** [positions, 4]. */
  readonly states: Uint8Array
}

export interface ScanStore {
  /** Heads of all kept scans, the newest first. What cannot be read is left out. */
  list(): Promise<readonly ScanHead[]>
  /** @throws WorkbenchError `not-found` */
  read(scanId: string): Promise<StoredScan>
  /** Writes whole or not at all; the oldest scans go while more than the limit is kept. */
  write(scan: StoredScan): Promise<void>
  remove(scanId: string): Promise<void>
}

const MAGIC = 'DPS1'
const ENDING = '.scan'
export const SCAN_LIMIT_BYTES = 256 * 1024 ** 2
const MAX_HEAD_BYTES = 16 * 1024 ** 2

/** Scans as files of `folder`: `DPS1`, the length of a JSON head (uint32), the head padded to 4 bytes, float32 effects, one byte a state. */
export function createScanStore(folder: string, limitBytes = SCAN_LIMIT_BYTES): ScanStore {
  const pathOf = (scanId: string) => join(folder, `${scanId}${ENDING}`)
  const names = async () => (await readdir(folder).catch(() => [])).filter(n => n.endsWith(ENDING))
  // Writes follow one another, so that an older state never lands on a newer one.
  let writing: Promise<unknown> = Promise.resolve()
  const afterOthers = <T>(work: () => Promise<T>): Promise<T> => {
    const next = writing.then(work, work)
    writing = next.catch(() => undefined)
    return next
  }
  const tidy = async (kept: string) => {
    const files = await Promise.all(
      (await names()).map(async name => ({ name, ...(await stat(join(folder, name)).then(s => ({ size: s.size, at: s.mtimeMs }), () => ({ size: 0, at: 0 }))) })), // biome-ignore format: one line
    )
    let used = files.reduce((n, f) => n + f.size, 0)
    for (const file of files.sort((a, b) => a.at - b.at)) {
      if (used <= limitBytes) return
      if (file.name === `${kept}${ENDING}`) continue
      await rm(join(folder, file.name), { force: true })
      used -= file.size
    }
  }
  return {
    async list() {
      const heads = await Promise.all((await names()).map(name => readFile(join(folder, name)).then(b => decode(b)?.head, () => undefined))) // biome-ignore format: one line
      return heads.filter(h => h !== undefined).sort((a, b) => b.createdAt - a.createdAt)
    },
    async read(scanId) {
      const bytes = await readFile(pathOf(scanId)).catch(() => undefined)
      const scan = bytes && decode(bytes)
      if (!scan) throw new WorkbenchError('not-found', 'this scan is not kept any more', 'scan again')
      return scan
    },
    write: scan =>
      afterOthers(async () => {
        await makeFolders(folder, 0o700)
        await writeFileAtomic(pathOf(scan.head.scanId), encode(scan))
        await tidy(scan.head.scanId)
      }),
    remove: scanId => afterOthers(() => rm(pathOf(scanId), { force: true })),
  }
}

function encode({ head, effects, states }: StoredScan): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(head))
  const start = 8 + Math.ceil(json.length / 4) * 4
  const bytes = new Uint8Array(start + effects.byteLength + states.length)
  bytes.fill(0x20, 8, start)
  bytes.set(new TextEncoder().encode(MAGIC))
  new DataView(bytes.buffer).setUint32(4, start - 8, true)
  bytes.set(json, 8)
  bytes.set(new Uint8Array(effects.buffer, effects.byteOffset, effects.byteLength), start)
  bytes.set(states, start + effects.byteLength)
  return bytes
}

/** undefined when it is no whole scan of this version. */
function decode(file: Uint8Array): StoredScan | undefined {
  const bytes = new Uint8Array(file) // a copy: what the disk gives may begin anywhere in a buffer
  if (bytes.length < 8 || new TextDecoder().decode(bytes.subarray(0, 4)) !== MAGIC) return undefined
  const length = new DataView(bytes.buffer).getUint32(4, true)
  if (length > MAX_HEAD_BYTES || 8 + length > bytes.length) return undefined
  try {
    const head = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as ScanHead
    const cells = 4 * head.sequence.length
    const start = 8 + length
    const values = head.columns.length * cells
    if (head.version !== 1 || bytes.length !== start + 4 * values + cells) return undefined
    return {
      head,
      effects: new Float32Array(bytes.buffer, start, values),
      states: bytes.subarray(start + 4 * values),
    }
  } catch {
    return undefined
  }
}
