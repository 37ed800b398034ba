import { defineConfig } from 'vitest/config'

// vitest's reporter prints failures with Map.groupBy, which Node 20 lacks; without it they are counted and not shown.
type GroupBy = <K, V>(items: Iterable<V>, keyOf: (item: V, index: number) => K) => Map<K, V[]>
const maps = Map as unknown as { groupBy?: GroupBy }
maps.groupBy ??= (items, keyOf) => {
  const groups = new Map<unknown, unknown[]>()
  let index = 0
  for (const item of items) {
    const key = keyOf(item, index++)
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return groups as never
}

/** Whole flows in a real Chromium: one server and one browser a file, one file at a time. */
export default defineConfig({
  test: {
    include: ['e2e/**/*.spec.ts'],
    exclude: ['**/node_modules/**', 'dist/**'],
    setupFiles: ['./e2e/evidence.ts'],
    // Room for a machine half as fast with other work on it; what hangs is told by the shorter limits inside.
    testTimeout: 600_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
    fileParallelism: false,
    maxWorkers: 1,
    reporters: ['default', './test-support/skips.ts'],
  },
})
