import { describe, expect, it } from 'vitest'
import { madeUpField, madeUpScan } from '../../test-support/scan-data.ts'
import { CELL } from '../genome/scan.ts'
import { cssRgb, divergingColours, divergingLevel, LEVELS, logLevel, MIDDLE, sequentialColours } from './colourScale.ts'
import { effectAt, effectLogo, effectRange, fieldGrid, fieldRange, MARK, scanGrid } from './heat.ts'

const SEQUENCE = 'ACGTNACGTTGCA'

describe('scales', () => {
  it('mirror: minus a value lies as far on the other side of the middle', () => {
    for (const v of [0, 0.001, 0.3, 0.5, 1, 7]) expect(divergingLevel(v, 1) + divergingLevel(-v, 1)).toBe(LEVELS - 1)
    expect(divergingLevel(0, 1)).toBe(MIDDLE)
    expect(divergingLevel(5, 0)).toBe(MIDDLE)
  })
  it('take equal steps for equal ratios on the log scale', () => {
    const at = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2].map(v => logLevel(v, 1e-6, 1e-2))
    expect(at).toEqual([0, 50, 100, 150, 200])
    expect(logLevel(0, 1e-6, 1)).toBe(0)
  })
  it('keep both sides apart and the order of brightness for colour-blind eyes', () => {
    // Relative luminance (Rec. 709) alone must tell how far from the middle a level is, on either side.
    const luminance = ([r, g, b]: readonly [number, number, number]) => 0.2126 * r + 0.7152 * g + 0.0722 * b
    for (const theme of ['light', 'dark'] as const) {
      const l = divergingColours(theme).map(luminance)
      const falls = theme === 'light' ? 1 : -1
      for (let i = MIDDLE; i + 1 < LEVELS; i++) {
        expect(falls * (l[i]! - l[i + 1]!)).toBeGreaterThanOrEqual(-0.5)
        expect(falls * (l[LEVELS - 1 - i]! - l[LEVELS - 2 - i]!)).toBeGreaterThanOrEqual(-0.5)
      }
      // Blue and orange differ in the blue-yellow channel, which red-green blindness leaves.
      const colours = divergingColours(theme)
      expect(colours[20]![2] - colours[20]![0]).toBeGreaterThan(40)
      expect(colours[180]![0] - colours[180]![2]).toBeGreaterThan(40)
    }
    const s = sequentialColours().map(luminance)
    for (let i = 0; i + 1 < LEVELS; i++) expect(s[i + 1]!).toBeGreaterThanOrEqual(s[i]!)
    expect(cssRgb(sequentialColours()[0]!)).toBe('rgb(68,1,84)')
  })
})

describe('a scan as cells', () => {
  const data = madeUpScan(SEQUENCE, { exactTo: 6, estimateTo: 9, columns: 2 })
  it('marks every cell by how it came to be', () => {
    const grid = scanGrid(data, 1, effectRange(data, 1))
    const markAt = (p: number, base: string) => grid.marks['ACGT'.indexOf(base) * SEQUENCE.length + p]
    expect(markAt(0, 'A')).toBe(MARK.reference)
    expect(markAt(0, 'C')).toBe(MARK.value)
    expect(markAt(4, 'C')).toBe(MARK.unknown)
    expect(markAt(7, 'A')).toBe(MARK.estimate)
    expect(markAt(12, 'G')).toBe(MARK.missing)
  })
  it('scales by the largest effect of its own column, which reaches an end', () => {
    for (const column of [0, 1]) {
      let top = 0
      for (let p = 0; p < SEQUENCE.length; p++)
        for (let b = 0; b < 4; b++) top = Math.max(top, Math.abs(effectAt(data, column, p, b)) || 0)
      expect(effectRange(data, column)).toBe(top)
      const grid = scanGrid(data, column, top)
      const ends = [...grid.levels].filter((l, i) => grid.marks[i]! <= MARK.estimate && (l === 0 || l === LEVELS - 1))
      expect(ends.length).toBeGreaterThanOrEqual(1)
    }
  })
  it('scales by a part of it when asked to: the larger of two halves is the whole', () => {
    const halves = [effectRange(data, 0, 0, 6), effectRange(data, 0, 6, 13)]
    expect(Math.max(...halves)).toBe(effectRange(data, 0))
    expect(Math.min(...halves)).toBeLessThan(effectRange(data, 0))
    expect(effectRange(data, 0, 4, 5)).toBe(0)
  })
  it('never shows a number that is not there as zero', () => {
    const broken = { ...data, effects: new Float32Array(data.effects.length).fill(Number.NaN) }
    const grid = scanGrid(broken, 0, 1)
    broken.states.forEach((state, i) => {
      if (state !== CELL.exact && state !== CELL.estimate) return
      const p = Math.floor(i / 4)
      expect(grid.marks[(i % 4) * SEQUENCE.length + p]).toBe(MARK.missing)
    })
  })
  it('gives letters minus the mean of their replacements, and none until all three are known', () => {
    const letters = effectLogo(data, 0)
    const mean = ([1, 2, 3] as const).reduce((sum, b) => sum + effectAt(data, 0, 0, b), 0) / 3
    expect(letters[0]?.height).toBeCloseTo(-mean, 12)
    expect(letters[4]).toBeNull()
    expect(letters[7]?.estimate).toBe(true)
    expect(letters[12]?.height).toBeNull()
  })
})

describe('a receptive field as cells', () => {
  it('is log-scaled, and what is exactly 0 is not the foot of the scale', () => {
    const field = madeUpField([0, 1280], 40, 20)
    const range = fieldRange([field])
    expect(range.high).toBe(1)
    expect(range.low).toBeCloseTo(0.01, 6)
    const grid = fieldGrid(field, range)
    expect([...grid.levels.subarray(0, 21)].map(l => Math.round(l / 10))).toEqual(Array.from({ length: 21 }, (_, i) => 20 - i)) // biome-ignore format: one line
    expect(grid.marks[20]).toBe(MARK.value)
    expect(grid.marks[21]).toBe(MARK.never)
  })
})
