/** Which piece two pieces make side by side. */
export interface MergeTable {
  /** The id of the piece, or -1. */
  find(left: number, right: number): number
}

const EMPTY = -1

/**
 * All ways in which a piece is two others, by their ids: two pieces side by side are a piece if and only if they are one of its cuts. An
 * open hash table in typed arrays, filled once; with 32,000 pieces of 9 letters it has some 250,000 entries.
 */
export function createMergeTable(mergeable: ReadonlyMap<string, number>): MergeTable {
  const cuts: number[] = []
  for (const [piece, id] of mergeable)
    for (let at = 1; at < piece.length; at++) {
      const left = mergeable.get(piece.slice(0, at))
      if (left === undefined) continue
      const right = mergeable.get(piece.slice(at))
      if (right !== undefined) cuts.push(left, right, id)
    }
  let slots = 16
  while (slots < cuts.length / 1.5) slots *= 2
  const mask = slots - 1
  // Left, right, id and nothing, side by side: a look-up touches one line of the processor's cache.
  const table = new Int32Array(4 * slots).fill(EMPTY)
  const slotOf = (left: number, right: number) => {
    const hash = Math.imul(Math.imul(left, 0x9e3779b1) ^ right, 0x85ebca6b)
    return (hash ^ (hash >>> 15)) & mask
  }
  for (let i = 0; i < cuts.length; i += 3) {
    let slot = slotOf(cuts[i] as number, cuts[i + 1] as number)
    while (table[4 * slot] !== EMPTY) slot = (slot + 1) & mask
    for (let k = 0; k < 3; k++) table[4 * slot + k] = cuts[i + k] as number
  }
  return {
    find(left, right) {
      for (let slot = slotOf(left, right); ; slot = (slot + 1) & mask) {
        const held = table[4 * slot] as number
        if (held === EMPTY) return EMPTY
        if (held === left && table[4 * slot + 1] === right) return table[4 * slot + 2] as number
      }
    },
  }
}
