/** What a `Range` header asks of a file of `size` bytes; `end` is the first byte that is not wanted. */
export type RangeAnswer =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly start: number; readonly end: number }
  | { readonly kind: 'unsatisfiable' }

/**
 * Reads `bytes=a-b`, `bytes=a-` and `bytes=-n` (RFC 9110 14.1.2). What is not such a header, and several ranges at once, means the
 * whole file, as the RFC allows; a range without a byte of the file is unsatisfiable.
 */
export function parseRange(header: string | null | undefined, size: number): RangeAnswer {
  const m = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header ?? '')
  if (!m || (m[1] === '' && m[2] === '')) return { kind: 'whole' }
  if (m[1] === '') {
    const last = Number(m[2])
    return last === 0 || size === 0
      ? { kind: 'unsatisfiable' }
      : { kind: 'part', start: Math.max(0, size - last), end: size }
  }
  const start = Number(m[1])
  const last = m[2] === '' ? size - 1 : Number(m[2])
  if (last < start && m[2] !== '') return { kind: 'whole' } // not a valid range: ignored, says the RFC
  if (start >= size) return { kind: 'unsatisfiable' }
  return { kind: 'part', start, end: Math.min(last + 1, size) }
}
