// vitest 5 prints failures with Map.groupBy, which Node 20 lacks (ES2024): without it a failing run would hide its reasons.
type GroupBy = <K, V>(items: Iterable<V>, key: (item: V, index: number) => K) => Map<K, V[]>

const target = Map as unknown as { groupBy?: GroupBy }
target.groupBy ??= (items, key) => {
  const groups = new Map<ReturnType<typeof key>, never[]>() as Map<unknown, unknown[]>
  let index = 0
  for (const item of items) {
    const k = key(item, index++)
    const group = groups.get(k)
    if (group) group.push(item)
    else groups.set(k, [item])
  }
  return groups as never
}
