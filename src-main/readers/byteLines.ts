import type { Readable } from 'node:stream'

const LINE_FEED = 10

/**
 * The lines of a byte stream, without their line feeds, in bounded memory. A carriage return stays: input is taken as it is.
 * A last line without a line feed counts; an empty stream has no lines.
 */
export async function* byteLines(stream: Readable): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array[] = []
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    let begin = 0
    for (;;) {
      const end = chunk.indexOf(LINE_FEED, begin)
      if (end < 0) break
      yield joined([...rest, chunk.subarray(begin, end)])
      rest = []
      begin = end + 1
    }
    if (begin < chunk.length) rest.push(chunk.subarray(begin))
  }
  if (rest.length > 0) yield joined(rest)
}

const joined = (parts: readonly Uint8Array[]): Uint8Array =>
  parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts)
