/**
 * Bytes that are read by range: a file that need not fit into memory. Reading past the end is an error, never a short answer.
 * The adapter to a file is a service's; this folder is pure.
 */
export interface ByteSource {
  /** For messages: the file's name. */
  readonly name: string
  readonly size: number
  /** `end` is exclusive. @throws WorkbenchError `truncated` when the range is not within the source */
  read(start: number, end: number): Promise<Uint8Array>
  close(): Promise<void>
}

/** Bytes already in memory, as a source. */
export function memorySource(bytes: Uint8Array, name = 'memory'): ByteSource {
  return {
    name,
    size: bytes.byteLength,
    read: (start, end) =>
      start >= 0 && start <= end && end <= bytes.byteLength
        ? Promise.resolve(bytes.subarray(start, end))
        : Promise.reject(new RangeError(`${start}-${end} is not within ${bytes.byteLength} bytes`)),
    close: async () => {},
  }
}
