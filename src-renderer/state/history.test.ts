import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { amend, historyOf, redo, step, undo } from './history.ts'

describe('history', () => {
  it('undo and redo walk the same values (truth: the list of values itself)', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 40 }), values => {
        const distinct = values.filter((v, i) => v !== (i === 0 ? 0 : values[i - 1]))
        let h = historyOf(0)
        for (const v of distinct) h = step(h, v, 'set', 0)
        const seen: number[] = []
        while (h.past.length) {
          seen.push(h.present)
          h = undo(h)
        }
        expect(seen.reverse()).toEqual(distinct)
        expect(h.present).toBe(0)
        for (const v of distinct) {
          h = redo(h)
          expect(h.present).toBe(v)
        }
      }),
    )
  })
  it('joins repetitions that are close, not those that are far or of another kind', () => {
    let h = step(historyOf(0), 1, 'pan', 0, 'locus')
    h = step(h, 2, 'pan', 1000, 'locus')
    h = step(h, 3, 'pan', 2000, 'locus')
    expect(h.past.length).toBe(1)
    h = step(h, 4, 'pan', 9000, 'locus')
    expect(h.past.length).toBe(2)
    h = step(h, 5, 'select', 9001, 'selection')
    expect(undo(h).present).toBe(4)
    expect(undo(undo(h)).present).toBe(3)
    expect(undo(undo(undo(h))).present).toBe(0)
  })
  it('a new step ends what could be redone; an amendment does not', () => {
    const h = undo(step(historyOf(0), 1, 'a', 0))
    expect(redo(amend(h, 7)).present).toBe(1)
    expect(step(h, 2, 'b', 0).future).toEqual([])
  })
  it('keeps a bounded past', () => {
    let h = historyOf(0)
    for (let i = 1; i <= 1000; i++) h = step(h, i, 's', 0)
    expect(h.past.length).toBe(200)
  })
})
