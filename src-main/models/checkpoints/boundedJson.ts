/** What JSON from outside may hold. */
export interface JsonLimits {
  /** Nested objects and lists. */
  readonly depth: number
  /** Objects, lists and values together: each costs far more memory than the two characters that can make it. */
  readonly values: number
}

/**
 * JSON.parse for text that may be hostile: it is scanned once before anything is allocated, so that nesting or a flood of tiny values
 * cannot use more memory than the limits allow. A name that the outermost object gives twice is refused, where JSON.parse keeps the last.
 * @throws Error that says what is wrong; SyntaxError for text that is not JSON
 */
export function parseBoundedJson(text: string, limits: JsonLimits): unknown {
  const names = scan(text, limits)
  const json: unknown = JSON.parse(text)
  if (typeof json === 'object' && json !== null && !Array.isArray(json) && Object.keys(json).length !== names)
    throw new Error('a name is given twice')
  return json
}

/** Counts the names of the outermost object. Text that is not JSON may be counted wrongly: JSON.parse refuses it afterwards. */
function scan(text: string, limits: JsonLimits): number {
  let depth = 0
  let values = 0
  let names = 0
  for (let at = 0; at < text.length; at++) {
    const c = text.charCodeAt(at)
    if (c === 0x22) at = endOfString(text, at)
    else if (c === 0x5b || c === 0x7b) {
      if (++depth > limits.depth) throw new Error(`it is nested more than ${limits.depth} deep`)
      values++
    } else if (c === 0x5d || c === 0x7d) depth--
    else if (c === 0x2c) values++
    else if (c === 0x3a && depth === 1) names++
    if (values > limits.values) throw new Error(`it holds more than ${limits.values} values`)
  }
  return names
}

/** The position of the closing quote. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const c = text.charCodeAt(at)
    if (c === 0x5c) at++
    else if (c === 0x22) return at
  }
  return text.length
}
