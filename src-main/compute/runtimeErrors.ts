import { WorkbenchError } from '../../src-shared/ipc/errors.ts'

/** Where in its own sources the runtime stood, which it puts before the sentence. */
const PLACE = /\S*\/onnxruntime_src\/\S+:\d+ .{0,300}? was false\. /

const oneLine = (text: string) => text.replace(/\s+/g, ' ').replace(PLACE, '').trim().slice(0, 400)

const messageOf = (error: unknown) => oneLine(error instanceof Error ? error.message : String(error))

const MEMORY =
  /bad.?alloc|failed to allocate|out of memory|not enough memory|allocation failed|cannot allocate|array buffer allocation/i

/** `out-of-memory` with what can be done about it. */
export const outOfMemory = (what: string, detail?: Readonly<Record<string, string | number>>, cause?: unknown) =>
  new WorkbenchError(
    'out-of-memory',
    what,
    'use a smaller batch, tile the sequence into shorter windows, or choose another device',
    detail,
    { cause },
  )

/** What the runtime threw while it opened a model. */
export function loadError(error: unknown, path: string): WorkbenchError {
  if (error instanceof WorkbenchError) return error
  const text = messageOf(error)
  if (MEMORY.test(text)) return outOfMemory(`the model '${path}' does not fit into memory (${text})`, undefined, error)
  return new WorkbenchError(
    'bad-model',
    `the model '${path}' cannot be opened: ${text}`,
    'check that the file is a whole ONNX model with known operators',
    { runtime: text },
    { cause: error },
  )
}

/** What the runtime threw while it ran a graph: its text names the node and the shapes. */
export function runError(error: unknown): WorkbenchError {
  if (error instanceof WorkbenchError) return error
  const text = messageOf(error)
  if (MEMORY.test(text)) return outOfMemory(`the run asked for more memory than there is (${text})`, undefined, error)
  if (/invalid (rank|dimensions) for input|unexpected input data type/i.test(text))
    return new WorkbenchError('bad-input', text, 'give inputs of the shapes that the model states', undefined, {
      cause: error,
    })
  return new WorkbenchError('bad-model', text, 'check the model and the shapes of its inputs', undefined, {
    cause: error,
  })
}
