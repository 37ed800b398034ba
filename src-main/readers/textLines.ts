import { createGunzip, type Gunzip } from 'node:zlib'
import { throwIfCancelled, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import { isGzip } from './blockGzip.ts'
import type { CheckedFile } from './checkedFile.ts'

/** Longest line that is taken for a line: the genotypes of 100,000 samples fit. */
const MAX_LINE = 64 * 1024 * 1024
const PIECE = 1024 * 1024

/** Some whole lines of a text, without their ends. */
export interface Lines {
  readonly lines: readonly string[]
  /** 1-based number of the first of them. */
  readonly first: number
}

/**
 * The lines of a text file, plain, gzip or bgzip, in batches of about 1 MB, in bounded memory.
 * @throws WorkbenchError `corrupt` (gzip damaged, a line over 64 MB), `truncated` (gzip ends too soon), `changed`, `cancelled`
 */
export async function* linesOf(file: CheckedFile, context: WorkContext): AsyncGenerator<Lines, void> {
  const decoder = new TextDecoder()
  let rest = ''
  let first = 1
  const take = (text: string): Lines | undefined => {
    const parts = text.split('\n')
    parts[0] = rest + parts[0]!
    rest = parts.pop() ?? ''
    if (rest.length > MAX_LINE) throw new WorkbenchError('corrupt', `line ${first + parts.length} of '${file.path}' is over 64 MB long`, 'is it a text file?') // biome-ignore format: one line
    if (parts.length === 0) return undefined
    const lines = parts.map(line => (line.endsWith('\r') ? line.slice(0, -1) : line))
    first += lines.length
    return { lines, first: first - lines.length }
  }
  for await (const bytes of contentOf(file, context)) {
    const lines = take(decoder.decode(bytes, { stream: true }))
    if (lines) yield lines
  }
  rest += decoder.decode()
  if (rest !== '') yield { lines: [rest.replace(/\r$/, '')], first }
}

async function* contentOf(file: CheckedFile, context: WorkContext): AsyncGenerator<Uint8Array, void> {
  const gunzip = isGzip(await file.read(3)) ? new Unpacking(file.path) : undefined
  for (let at = 0; at < file.size; ) {
    throwIfCancelled(context.signal)
    const bytes = await file.read(PIECE, at)
    at += bytes.length
    if (gunzip) yield* gunzip.add(bytes)
    else yield bytes
    context.report({ phase: 'reading', done: at, total: file.size })
  }
  if (gunzip) yield* gunzip.end()
}

/** zlib's stream, fed and emptied by turns, so that no more than a piece is in memory. */
class Unpacking {
  private readonly gunzip: Gunzip = createGunzip()
  private failed: unknown
  constructor(private readonly path: string) {
    this.gunzip.on('error', error => {
      this.failed ??= error
    })
  }
  async *add(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
    let written = false
    this.gunzip.write(bytes, () => {
      written = true
    })
    while (!written && !this.failed) {
      yield* this.ready()
      if (!written && !this.failed) await this.turn()
    }
    yield* this.ready()
    if (this.failed) throw this.coded()
  }
  async *end(): AsyncGenerator<Uint8Array, void> {
    this.gunzip.end()
    while (!this.gunzip.readableEnded && !this.failed) {
      yield* this.ready()
      if (!this.gunzip.readableEnded && !this.failed) await this.turn()
    }
    yield* this.ready()
    if (this.failed) throw this.coded()
  }
  private *ready(): Generator<Uint8Array, void> {
    for (let part = this.gunzip.read() as Buffer | null; part; part = this.gunzip.read() as Buffer | null) yield part
  }
  /** Until the stream has something to say. */
  private turn(): Promise<void> {
    return new Promise(resolve => setImmediate(resolve))
  }
  private coded(): WorkbenchError {
    const cause = this.failed
    const short = (cause as NodeJS.ErrnoException | undefined)?.code === 'Z_BUF_ERROR'
    return new WorkbenchError(short ? 'truncated' : 'corrupt', `'${this.path}' ${short ? 'ends too soon' : 'cannot be unpacked'}`, 'copy or download it again', undefined, { cause }) // biome-ignore format: one line
  }
}
