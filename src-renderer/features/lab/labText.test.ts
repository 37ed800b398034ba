import { describe, expect, it } from 'vitest'
import { madeUpResult } from '../../../test-support/labResult.ts'
import { busyText, durationText, footLines, recipeDuration, recipeText } from './labText.ts'

it('durations have the precision of an estimate', () => {
  const texts = [0.2, 42, 60, 64, 119, 599, 600, 3599, 7200, 9000, 86_400, 1_000_000].map(durationText)
  expect(texts).toEqual(['1 s', '42 s', '1 min', '1 min 5 s', '2 min', '10 min', '10 min', '60 min', '2 h', '2 h 30 min', '24 h', '12 days']) // biome-ignore format: one line
  const told = (estimatedSeconds: number | null, plannedPoints: number | null) => recipeDuration({ estimatedSeconds, plannedPoints, points: 40 }) // biome-ignore format: one line
  expect([told(42, null), told(null, 3), told(null, null)]).toEqual(['about 42 s', 'duration being worked out: 3 of 40 points', 'duration not known']) // biome-ignore format: one line
})

describe('lines under a figure', () => {
  const result = madeUpResult()
  it('name the recipe with what it reduced, the machine and the versions', () => {
    const [recipe, machine] = footLines([result])
    expect(recipe).toContain('reduced')
    for (const part of [result.machine.processor, result.machine.system, ...Object.values(result.machine.versions)])
      expect(machine).toContain(part)
  })
  it('count the points of a busy machine, from the share that counts', () => {
    expect(busyText(result)).toBeUndefined()
    const points = result.points.map((p, i) => ({ ...p, foreignLoad: [0.15, 0.41, 0.149][i] ?? 0 }))
    expect(busyText({ ...result, points })).toContain(`2 of ${points.length} points`)
    expect(busyText({ ...result, points })).toContain('at most 41 %')
    expect(footLines([{ ...result, points }])).toHaveLength(3)
  })
  it('are told apart by number where several results stand together', () => {
    const lines = footLines([result, result])
    expect(new Set(lines).size).toBe(lines.length)
  })
  // Truth: XML 1.0 has no such characters; a file of somebody else may have them as escapes of JSON.
  it('hold no character that a picture cannot, and no sentence without an end', () => {
    const text = JSON.stringify({ summary: `a\u0000b\u001b[31m\nc\uffff ${'x'.repeat(5000)}` })
    const told = recipeText({ ...result.recipe, text })
    expect(told).toMatch(/: a b \[31m c {1,2}x+$/)
    expect(told.length).toBeLessThan(result.recipe.name.length + 1010)
  })
  it('say how far an unfinished run is, and take a recipe without a sentence', () => {
    expect(footLines([{ ...result, state: 'partial', total: 99 }])[0]).toContain(`${result.points.length} of 99 points`)
    expect(recipeText({ ...result.recipe, text: 'no JSON' })).toBe(result.recipe.name)
  })
})
