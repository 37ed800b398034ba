import { describe, expect, it } from 'vitest'
import { type PlanOptions, planSentences, RULES } from './plan.ts'

const options = (change: Partial<PlanOptions> = {}): PlanOptions => ({ ...RULES.thesis, seed: 1, ...change })
const sentencesOf = (length: number, change: Partial<PlanOptions>) => {
  const plan = planSentences(length, options(change))
  return { plan, rows: [...plan.starts].map((start, i) => ({ start, end: start + plan.lengths[i]!, pass: plan.passes[i]! })) } // biome-ignore format: one line
}

describe('cutting a contig into sentences', () => {
  it.each(['thesis', 'snp2vec'] as const)('%s: lengths in their bounds, as many as expected', rule => {
    // A renewal process: L / mean length a pass. The bound is 4 standard deviations of it plus one sentence a pass for the ends.
    const length = 2_000_000
    const { minLength, maxLength, passes } = RULES[rule]
    const plan = planSentences(length, { ...RULES[rule], seed: 3 })
    const mean = (minLength + maxLength) / 2
    const variance = ((maxLength - minLength + 1) ** 2 - 1) / 12
    const expected = (passes * (length - RULES[rule].startMax / 2)) / mean
    const deviation = Math.sqrt((expected * variance) / mean ** 2)
    expect(Math.abs(plan.available - expected)).toBeLessThan(4 * deviation + passes)
    expect(plan.lengths.every(n => n >= minLength && n <= maxLength)).toBe(true)
    // Uniform: the mean length within 4 standard errors (the last of a pass is cut, one in thousands).
    const sum = plan.lengths.reduce((a, b) => a + b, 0)
    expect(Math.abs(sum / plan.lengths.length - mean)).toBeLessThan(4 * Math.sqrt(variance / plan.lengths.length) + 2)
  })

  it('the published numbers for chromosome 19 (59,058,983 bp): 3.94 and 1.28 million', () => {
    expect(planSentences(59_058_983, options({ sentences: 1 })).available / 1e6).toBeCloseTo(3.94, 2)
    expect(planSentences(59_058_983, { ...RULES.snp2vec, seed: 1, sentences: 1 }).available / 1e6).toBeCloseTo(1.28, 2)
  })

  it('sentences of a pass follow one another to the end; what is left is shorter than a sentence', () => {
    const { plan, rows } = sentencesOf(5000, { passes: 20, startMax: 300, minLength: 50, maxLength: 70 })
    let left = 0
    for (let pass = 0; pass < 20; pass++) {
      const own = rows.filter(r => r.pass === pass)
      expect(own[0]!.start).toBe(plan.passStarts[pass])
      expect(own.slice(1).map(r => r.start)).toEqual(own.slice(0, -1).map(r => r.end))
      expect(5000 - own.at(-1)!.end).toBeLessThan(50)
      left += 5000 - own.at(-1)!.end
    }
    expect(plan.leftOver).toBe(left)
    expect(rows.some(r => r.end === 5000)).toBe(true)
  })

  it('starts are from 0 to the largest, both included; distinct where asked', () => {
    const drawn = new Set(
      planSentences(1000, options({ passes: 400, startMax: 3, minLength: 5, maxLength: 9 })).passStarts,
    )
    expect([...drawn].sort()).toEqual([0, 1, 2, 3])
    const all = planSentences(
      1000,
      options({ passes: 8, startMax: 7, minLength: 5, maxLength: 9, distinctStarts: true }),
    )
    expect([...all.passStarts].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })

  it('draws as many sentences as asked, each as likely', () => {
    const times = new Float64Array(20)
    for (let seed = 0; seed < 4000; seed++) {
      const { rows } = sentencesOf(100, { passes: 1, startMax: 0, minLength: 5, maxLength: 5, sentences: 5, seed })
      expect(rows.length).toBe(5)
      for (const r of rows) times[r.start / 5] = times[r.start / 5]! + 1
    }
    // Chi squared, 19 degrees of freedom, of draws without replacement (variance n p (1 - p)): 99.9 % below 43.8.
    expect(times.reduce((s, n) => s + (n - 1000) ** 2 / (1000 * 0.75), 0)).toBeLessThan(43.8)
  })

  it('shuffling keeps the sentences and changes their order; the seed decides both', () => {
    const change = { passes: 5, startMax: 50, minLength: 10, maxLength: 30 }
    const key = (r: { start: number; end: number; pass: number }) => `${r.pass}:${r.start}-${r.end}`
    const plain = sentencesOf(3000, change).rows.map(key)
    const shuffled = sentencesOf(3000, { ...change, shuffled: true }).rows.map(key)
    expect(shuffled).not.toEqual(plain)
    expect(shuffled.toSorted()).toEqual(plain.toSorted())
    expect(sentencesOf(3000, { ...change, shuffled: true }).rows.map(key)).toEqual(shuffled)
    expect(sentencesOf(3000, { ...change, seed: 2 }).rows.map(key)).not.toEqual(plain)
  })

  it('refuses a contig too short for one sentence, and more distinct starts than there are', () => {
    expect(() => planSentences(499, options())).toThrow(expect.objectContaining({ code: 'bad-input' }))
    expect(() => planSentences(9000, options({ distinctStarts: true, startMax: 48 }))).toThrow(expect.objectContaining({ code: 'wrong-usage' })) // biome-ignore format: one line
  })
})
