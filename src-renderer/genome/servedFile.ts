import { asWorkbenchError, cancelled, WorkbenchError } from '../../src-shared/ipc/errors.ts'

/** A file that the services hold open, or its index, as igv.js is given it. */
export interface ServedSource {
  readonly fileId: string
  readonly url: string
  /** By its ending igv.js tells formats apart. */
  readonly name: string
  /** Whole size in bytes where it is known. */
  readonly sizeBytes?: number
}

/**
 * Looks like a local File to igv.js, which then reads slices of it. Given an address instead, it answers any failed request
 * by asking a foreign host for another address, and there is no switch for that.
 */
export class ServedFile {
  /** igv.js looks for an own property of this name. */
  readonly name: string
  readonly size: number
  readonly type = ''
  readonly #source: ServedSource
  readonly #from: number
  readonly #to: number | undefined
  readonly #stop: AbortSignal
  readonly #failed: (error: WorkbenchError) => void

  constructor(
    source: ServedSource,
    stop: AbortSignal,
    failed: (error: WorkbenchError) => void,
    from = 0,
    to: number | undefined = undefined,
  ) {
    this.name = source.name
    this.size = (to ?? source.sizeBytes ?? 0) - from
    this.#source = source
    this.#stop = stop
    this.#failed = failed
    this.#from = from
    this.#to = to
  }

  /** As Blob.slice: relative to this piece, `end` exclusive. */
  slice(start = 0, end?: number): ServedFile {
    const from = this.#from + Math.max(0, Math.floor(start))
    const to =
      end === undefined ? this.#to : Math.min(this.#from + Math.ceil(end), this.#to ?? Number.POSITIVE_INFINITY)
    return new ServedFile(this.#source, this.#stop, this.#failed, from, to)
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    if (this.#stop.aborted) throw cancelled()
    if (this.#to !== undefined && this.#to <= this.#from) return new ArrayBuffer(0)
    const whole = this.#from === 0 && this.#to === undefined
    const range = `bytes=${this.#from}-${this.#to === undefined ? '' : this.#to - 1}`
    try {
      const answer = await fetch(this.#source.url, {
        ...(whole ? {} : { headers: { Range: range } }),
        signal: this.#stop,
      })
      // Past the end there is nothing, as with a Blob.
      if (answer.status === 416) return new ArrayBuffer(0)
      if (!answer.ok) throw await errorOf(answer, this.name)
      return await answer.arrayBuffer()
    } catch (error) {
      if (this.#stop.aborted) throw cancelled()
      const known = error instanceof WorkbenchError ? error : lost(this.name, error)
      this.#failed(known)
      throw known
    }
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(await this.arrayBuffer())
  }
}

const lost = (name: string, error: unknown) =>
  new WorkbenchError('changed', `${name} could not be read any more`, 'look at it again, or remove it', undefined, {
    cause: error,
  })

/** The host says what is wrong as JSON; without it the status must do. */
async function errorOf(answer: Response, name: string): Promise<WorkbenchError> {
  try {
    const told = (await answer.json()) as Partial<WorkbenchError> & { error?: Partial<WorkbenchError> }
    const e = told.error ?? told
    if (e.code && e.message) return new WorkbenchError(e.code, e.message, e.remedy ?? '')
  } catch (error) {
    asWorkbenchError(error)
  }
  return new WorkbenchError('changed', `${name} could not be read any more (${answer.status})`, 'look at it again, or remove it') // biome-ignore format: one sentence
}
