import { type Scale, scaled } from '../../src-shared/genome/prediction.ts'

/** Counts of points on hexagons that hold any: centres in axis units. */
export interface Hexbin {
  readonly x: Float32Array
  readonly y: Float32Array
  readonly count: Int32Array
}

/** Hexagons over the width of the plot. */
const ACROSS = 40

/**
 * Points (x, y) that count, on a grid of hexagons with 40 over the range of each axis. A point belongs to the hexagon with the nearest
 * centre (Carr et al. 1987: two rectangular lattices, the nearer centre of the two; distances in units of a hexagon's width and height).
 */
export function hexbin(xs: ArrayLike<number>, ys: ArrayLike<number>, used: Uint8Array, scale: Scale): Hexbin {
  let [minX, maxX, minY, maxY] = [Infinity, -Infinity, Infinity, -Infinity]
  const points: [number, number][] = []
  for (let i = 0; i < xs.length; i++) {
    if (used[i] !== 1) continue
    const [x, y] = [scaled(scale, xs[i]!), scaled(scale, ys[i]!)]
    points.push([x, y])
    minX = Math.min(minX, x)
    maxX = Math.max(maxX, x)
    minY = Math.min(minY, y)
    maxY = Math.max(maxY, y)
  }
  // A constant axis has one column.
  const width = (maxX - minX) / ACROSS || 1
  const height = ((maxY - minY) / ACROSS || 1) * Math.sqrt(3)
  const cells = new Map<string, { x: number; y: number; count: number }>()
  for (const [x, y] of points) {
    const [u, v] = [(x - minX) / width, (y - minY) / height]
    const near = [
      [Math.round(u), Math.round(v)],
      [Math.floor(u) + 0.5, Math.floor(v) + 0.5],
    ] as const
    const [a, b] = near.map(([p, q]) => (u - p) ** 2 + 3 * (v - q) ** 2) as [number, number]
    const [p, q] = a <= b ? near[0] : near[1]
    const key = `${p} ${q}`
    const cell = cells.get(key)
    if (cell) cell.count++
    else cells.set(key, { x: minX + p * width, y: minY + q * height, count: 1 })
  }
  const list = [...cells.values()]
  return {
    x: Float32Array.from(list, c => c.x),
    y: Float32Array.from(list, c => c.y),
    count: Int32Array.from(list, c => c.count),
  }
}
