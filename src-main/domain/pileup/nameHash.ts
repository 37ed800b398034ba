/** X31 string hash of a read name, unsigned 32-bit (klib `__ac_X31_hash_string`). */
export function x31(bytes: Uint8Array, at: number, length: number): number {
  if (length === 0) return 0
  let hash = bytes[at]!
  for (let k = at + 1; k < at + length; k++) hash = (Math.imul(hash, 31) + bytes[k]!) | 0
  return hash >>> 0
}

/** Wang's integer hash, unsigned 32-bit (klib `__ac_Wang_hash`). */
export function wang(value: number): number {
  let key = value | 0
  key = (key + ~(key << 15)) | 0
  key ^= key >>> 10
  key = (key + (key << 3)) | 0
  key ^= key >>> 6
  key = (key + ~(key << 11)) | 0
  key ^= key >>> 16
  return key >>> 0
}

/** Which of two overlapping mates keeps its qualities, from the hash of their name: true for the one that starts first (htslib 1.13 and later). */
export const keepsLeft = (nameHash: number): boolean => (wang(nameHash) & 1) === 1
