import type { Readable } from 'node:stream'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'

const LINE_FEED = 10
const MOST_BYTES = 64 * 1024 ** 2

/**
 * The lines of a byte stream, without their line feeds, in bounded memory. A carriage return stays: input is taken as it is.
 * A last line without a line feed counts; an empty stream has no lines.
 * @throws WorkbenchError `bad-input` for a line over 64 MiB
 */
export async function* byteLines(stream: Readable): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array[] = []
  let held = 0
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    let begin = 0
    for (;;) {
      const end = chunk.indexOf(LINE_FEED, begin)
      if (end < 0) break
      yield joined([...rest, chunk.subarray(begin, end)])
      rest = []
      held = 0
      begin = end + 1
    }
    if (begin === chunk.length) continue
    rest.push(chunk.subarray(begin))
    held += chunk.length - begin
    if (held > MOST_BYTES) throw new WorkbenchError('bad-input', `a line has more than ${MOST_BYTES.toLocaleString('en-US')} bytes`, 'give text in lines') // biome-ignore format: one thought
  }
  if (rest.length > 0) yield joined(rest)
}

const joined = (parts: readonly Uint8Array[]): Uint8Array =>
  parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts)
