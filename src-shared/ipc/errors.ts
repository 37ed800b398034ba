/** What went wrong, as a stable word that programs may test. The text beside it is for people and may change. */
export type ErrorCode =
  | 'wrong-usage'
  | 'bad-input' // the content of a file or an argument cannot be right
  | 'not-found' // a path, contig, gene, id that is not there
  | 'region' // the region is not one, or holds no base
  | 'wrong-type' // a readable file of another kind than the one needed
  | 'corrupt' // checksum, inconsistent record, impossible length
  | 'truncated' // the file ends before it should
  | 'no-index'
  | 'bad-index' // unreadable, of another file, or older than the file it indexes
  | 'unsorted'
  | 'build' // genome build unknown, or not the one asked for
  | 'no-reference' // a reference sequence is needed and absent, or lacks the contig
  | 'changed' // the file changed or vanished while it was open
  | 'permission'
  | 'no-space'
  | 'unsupported'
  | 'engine-missing'
  | 'provider-missing'
  | 'bad-model'
  | 'out-of-memory'
  | 'not-finite' // NaN or infinity where a number must be
  | 'busy' // others use the processor so much that nothing can be measured
  | 'cancelled'
  | 'disconnected' // the process or connection that was answering is gone
  | 'internal'

export type ErrorDetail = Readonly<Record<string, string | number>>

/**
 * The one error type that crosses layers. `message` says what is wrong with the value that is wrong; `remedy` says what to do.
 * The command line prints `diploscope: <code>: <message> - <remedy>` on one line.
 */
export class WorkbenchError extends Error {
  override readonly name = 'WorkbenchError'
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly remedy: string,
    readonly detail?: ErrorDetail,
    options?: { cause?: unknown },
  ) {
    super(message, options)
  }
}

/** The form in which an error crosses a wire. `technical` (a stack) is for the "copy details" button, never for the line shown. */
export interface WireError {
  readonly code: ErrorCode
  readonly message: string
  readonly remedy: string
  readonly detail?: ErrorDetail
  readonly technical?: string
}

export const cancelled = () => new WorkbenchError('cancelled', 'Cancelled', 'start it again when you want it')

/** Throws the coded error when the signal has been aborted: to be called between batches. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled()
}

/** Any thrown value as a WorkbenchError; what we did not foresee becomes `internal` and keeps its cause. */
export function asWorkbenchError(error: unknown): WorkbenchError {
  if (error instanceof WorkbenchError) return error
  if (error instanceof Error && error.name === 'AbortError') return cancelled()
  const system = error as { code?: string; path?: string; message?: string } | undefined
  const path = system?.path ? `'${system.path}'` : 'the file'
  switch (system?.code) {
    case 'ENOENT':
      return new WorkbenchError('not-found', `${path} does not exist`, 'check the path', undefined, { cause: error })
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new WorkbenchError('permission', `${path} may not be opened`, 'check its permissions', undefined, {
        cause: error,
      })
    case 'EISDIR':
      return new WorkbenchError('wrong-type', `${path} is a directory`, 'give a file', undefined, { cause: error })
    case 'ENOTDIR':
      return new WorkbenchError('not-found', `${path} lies below something that is not a directory`, 'check the path', undefined, { cause: error }) // biome-ignore format: one line a case
    case 'ELOOP':
      return new WorkbenchError('not-found', `${path} is a symbolic link in a circle`, 'check the path', undefined, { cause: error }) // biome-ignore format: one line a case
    case 'ENAMETOOLONG':
      return new WorkbenchError('not-found', 'the path is too long to exist', 'check the path', undefined, { cause: error }) // biome-ignore format: one line a case
    case 'ERR_FS_FILE_TOO_LARGE':
    case 'ERR_STRING_TOO_LONG':
      return new WorkbenchError('bad-input', `${path} is too large to be what it should be`, 'give a smaller file', undefined, { cause: error }) // biome-ignore format: one line a case
    case 'EIO':
      return new WorkbenchError('corrupt', `the disk or device gave an error at ${path}`, 'copy the file from elsewhere', undefined, { cause: error }) // biome-ignore format: one line a case
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return new WorkbenchError('no-space', `no space left to write ${path}`, 'free some disk space and try again', undefined, { cause: error }) // biome-ignore format: one line a case
    default: {
      const text = error instanceof Error ? error.message : String(error)
      return new WorkbenchError('internal', firstLine(text), 'please report this with --debug output', undefined, {
        cause: error,
      })
    }
  }
}

const firstLine = (text: string) => text.split('\n', 1)[0] || 'unknown fault'

export function toWire(error: unknown): WireError {
  const e = asWorkbenchError(error)
  const cause = e.cause instanceof Error ? e.cause.stack : undefined
  const technical = cause ?? e.stack
  return {
    code: e.code,
    message: e.message,
    remedy: e.remedy,
    ...(e.detail ? { detail: e.detail } : {}),
    ...(technical ? { technical } : {}),
  }
}

export function fromWire(e: WireError): WorkbenchError {
  const error = new WorkbenchError(e.code, e.message, e.remedy, e.detail)
  if (e.technical) error.stack = e.technical
  return error
}
