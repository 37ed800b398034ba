/** Decoded this often at most: a path that still changes then is nobody's honest file name. */
const DECODE_LIMIT = 4

/**
 * The decoded segments of a request's path, or undefined when it tries to leave its folder: `..` in any spelling (plain, encoded once or
 * more), a backslash, a NUL, an encoded slash, an empty segment inside, or an encoding that is not UTF-8. To be called with the raw path:
 * the URL parser resolves `..` before anyone can see it.
 */
export function pathSegments(rawPath: string): readonly string[] | undefined {
  if (!rawPath.startsWith('/')) return undefined
  const raw = rawPath.slice(1).split('/')
  if (raw.at(-1) === '') raw.pop()
  const segments: string[] = []
  for (const r of raw) {
    if (r === '') return undefined
    let text = r
    for (let i = 0; ; i++) {
      if (i > DECODE_LIMIT || text === '..' || text === '.' || /[\\/]/.test(text) || text.includes('\0'))
        return undefined
      let decoded: string
      try {
        decoded = decodeURIComponent(text)
      } catch {
        if (i === 0) return undefined
        break // a decoded name may well hold a percent sign that encodes nothing
      }
      if (i === 0) segments.push(decoded)
      if (decoded === text) break
      text = decoded
    }
  }
  return segments
}
