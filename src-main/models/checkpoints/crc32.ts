// CRC-32 of ZIP and gzip (ISO 3309, polynomial 0xEDB88320 reflected), four bytes a round ("slicing by 4").
const TABLES = (() => {
  const tables = Array.from({ length: 4 }, () => new Uint32Array(256))
  const [first] = tables as [Uint32Array]
  for (let n = 0; n < 256; n++) {
    let c = n
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
    first[n] = c
  }
  for (let n = 0; n < 256; n++)
    for (let t = 1; t < 4; t++) {
      const before = tables[t - 1]![n]!
      tables[t]![n] = first[before & 0xff]! ^ (before >>> 8)
    }
  return tables as [Uint32Array, Uint32Array, Uint32Array, Uint32Array]
})()

/** `seed` is the checksum of what came before. */
export function crc32(bytes: Uint8Array, seed = 0): number {
  const [t0, t1, t2, t3] = TABLES
  let c = ~seed
  let i = 0
  for (const end = bytes.length - 3; i < end; i += 4) {
    c ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    c = t3[c & 0xff]! ^ t2[(c >>> 8) & 0xff]! ^ t1[(c >>> 16) & 0xff]! ^ t0[c >>> 24]!
  }
  for (; i < bytes.length; i++) c = t0[(c ^ bytes[i]!) & 0xff]! ^ (c >>> 8)
  return ~c >>> 0
}
