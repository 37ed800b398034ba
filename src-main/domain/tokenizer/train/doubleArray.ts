/** A rule of a charsmap: UTF-8 bytes and where its replacement begins among the texts. */
export interface TrieEntry {
  readonly key: Uint8Array
  readonly value: number
}

interface Node {
  readonly children: Map<number, Node>
  value: number
}

/**
 * A double-array trie in the layout of darts-clone, which SentencePiece reads: each unit holds its label (low byte), whether a value
 * hangs below (bit 8) and the XOR distance to its children (bits 10..30; bit 9 means "times 256", which is never needed below 2^21 units).
 */
export function buildDoubleArray(entries: readonly TrieEntry[]): Uint32Array {
  const root: Node = { children: new Map(), value: -1 }
  for (const { key, value } of entries) {
    let node = root
    for (const byte of key) {
      let next = node.children.get(byte)
      if (!next) {
        next = { children: new Map(), value: -1 }
        node.children.set(byte, next)
      }
      node = next
    }
    node.value = value
  }
  let units = new Uint32Array(1 << 12)
  let used = new Uint8Array(1 << 12)
  let highest = 0
  const reserve = (index: number) => {
    while (index >= units.length) {
      const more = new Uint32Array(units.length * 2)
      more.set(units)
      units = more
      const flags = new Uint8Array(used.length * 2)
      flags.set(used)
      used = flags
    }
    highest = Math.max(highest, index)
  }
  used[0] = 1
  const bases = new Set<number>()
  // The first place that still has room; blocks of 256 keep XOR inside a block.
  let firstFree = 1
  const place = (labels: readonly number[]): number => {
    const first = labels[0] as number
    for (let index = firstFree; ; index++) {
      reserve(index)
      if (used[index]) {
        if (index === firstFree) firstFree++
        continue
      }
      const base = index ^ first
      // A base of 0 would make the root its own child; two parents with one base would find each other's children.
      if (base === 0 || bases.has(base)) continue
      reserve(base | 255)
      if (!labels.every(label => !used[base ^ label])) continue
      bases.add(base)
      return base
    }
  }
  const queue: { node: Node; index: number }[] = [{ node: root, index: 0 }]
  for (let item = queue.shift(); item; item = queue.shift()) {
    const { node, index } = item
    const labels = [...(node.value >= 0 ? [0] : []), ...[...node.children.keys()].sort((a, b) => a - b)]
    if (labels.length === 0) continue
    const base = place(labels)
    for (const label of labels) used[base ^ label] = 1
    units[index] = ((units[index] as number) | ((index ^ base) << 10) | (node.value >= 0 ? 0x100 : 0)) >>> 0
    if (node.value >= 0) units[base] = (0x80000000 | node.value) >>> 0
    for (const [label, child] of node.children) {
      units[base ^ label] = label
      queue.push({ node: child, index: base ^ label })
    }
  }
  return units.slice(0, (highest | 255) + 1)
}
