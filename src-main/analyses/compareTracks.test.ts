import { describe, expect, it } from 'vitest'
import { scaled } from '../../src-shared/genome/prediction.ts'
import { SeededRandom } from '../../test-support/random.ts'
import { compareTracks, correlate } from './compareTracks.ts'
import { hexbin } from './hexbin.ts'
import { findPeaks, judgePeaks } from './peaks.ts'

const all = (n: number) => new Uint8Array(n).fill(1)

describe('peaks', () => {
  // Truth: signals drawn by hand. 100 bins: those above the 95th value stand out.
  const signal = (...high: (readonly [number, number])[]) => {
    const values = new Float32Array(100)
    for (const [bin, height] of high) values[bin] = height
    return values
  }
  it('are runs above the 95th percentile, joined over one bin, highest first', () => {
    const values = signal([10, 5], [11, 7], [13, 6], [50, 9], [70, 1])
    expect(findPeaks(values, all(100))).toEqual([{ from: 50, to: 51, height: 9 }, { from: 10, to: 14, height: 7 }, { from: 70, to: 71, height: 1 }]) // biome-ignore format: one line
    const used = all(100)
    used[50] = 0
    expect(findPeaks(values, used).map(p => p.from)).toEqual([10, 70])
  })
  it('a constant has none', () => {
    expect(findPeaks(new Float32Array(100).fill(3), all(100))).toEqual([])
    expect(findPeaks(new Float32Array(0), all(0))).toEqual([])
  })
  it('are found within a bin, else missed or invented', () => {
    const predicted = findPeaks(signal([10, 5], [32, 4], [60, 3]), all(100))
    const observed = findPeaks(signal([11, 5], [30, 4], [90, 3]), all(100))
    expect(judgePeaks(predicted, observed).map(p => [p.from, p.kind])).toEqual([[11, 'found'], [30, 'missed'], [32, 'invented'], [60, 'invented'], [90, 'missed']]) // biome-ignore format: one line
  })
})

describe('the scatter', () => {
  it('holds every point that counts once, in the hexagon whose centre is nearest', () => {
    const random = new SeededRandom('hexbin')
    const x = Float32Array.from({ length: 500 }, () => random.next() * 10)
    const y = Float32Array.from({ length: 500 }, () => random.next() * 3)
    const used = all(500)
    used.fill(0, 0, 50)
    const bins = hexbin(x, y, used, 'linear')
    expect(bins.count.reduce((a, b) => a + b, 0)).toBe(450)
    // Truth: nearest of all centres of the two lattices, tried one by one.
    const [minX, minY] = [Math.min(...x.slice(50)), Math.min(...y.slice(50))]
    const [w, h] = [(Math.max(...x.slice(50)) - minX) / 40, ((Math.max(...y.slice(50)) - minY) / 40) * Math.sqrt(3)]
    const counts = new Map<string, number>()
    for (let i = 50; i < 500; i++) {
      let best: [number, string] = [Infinity, '']
      for (let p = -1; p <= 41; p += 0.5)
        for (let q = -1; q <= 41; q += 0.5) {
          if (Number.isInteger(p) !== Number.isInteger(q)) continue
          const d = ((x[i]! - minX) / w - p) ** 2 + 3 * ((y[i]! - minY) / h - q) ** 2
          if (d <= best[0] + 1e-12) best = [d, `${(minX + p * w).toFixed(3)} ${(minY + q * h).toFixed(3)}`]
        }
      counts.set(best[1], (counts.get(best[1]) ?? 0) + 1)
    }
    expect(new Map([...bins.count].map((n, i) => [`${bins.x[i]!.toFixed(3)} ${bins.y[i]!.toFixed(3)}`, n]))).toEqual(counts) // biome-ignore format: one line
  })
  it('axes: logarithm and arcsinh are odd and begin at 0', () => {
    expect([scaled('log', 99), scaled('log', -99), scaled('arcsinh', 0)]).toEqual([2, -2, 0])
    expect(scaled('arcsinh', -3)).toBe(-scaled('arcsinh', 3))
  })
})

describe('correlations', () => {
  it('count only bins that are used; a monotone curve has rank correlation 1', () => {
    const predicted = Float32Array.of(1, 2, 3, 4, 100)
    const observed = Float32Array.of(1, 8, 27, 64, 0)
    const pair = { start: 0, binBp: 8, predicted, observed, used: Uint8Array.of(1, 1, 1, 1, 0) }
    const { n, pearson, spearman } = correlate(pair)
    expect([n, spearman]).toEqual([4, 1])
    expect(pearson).toBeCloseTo(0.951369, 5) // numpy.corrcoef([1,2,3,4],[1,8,27,64])
    expect(compareTracks({ ...pair, observed: new Float32Array(5) }, 'log')).toMatchObject({ pearson: null, spearman: null, pearsonLog: null }) // biome-ignore format: one line
  })
})
