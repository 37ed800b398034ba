import { expect, it } from 'vitest'
import { fewPeople, TUNE_DEFAULTS, tuneDefaults, tuneFaults, tuneSteps } from './tune.ts'

// Truth: the rules, by hand. 40 and 40 people: 28 and 28 train, 3 steps of 16 an epoch; 300 and 300: 420 train, 26 steps.
it('gives few people more epochs, and chooses their weights by loss', () => {
  const small = tuneDefaults({ cases: 40, controls: 40 })
  expect(small).toMatchObject({ epochs: 100, patience: 34, panelShare: 0.01, stopBy: 'loss' })
  expect(tuneDefaults({ cases: 300, controls: 300 })).toMatchObject({ epochs: 24, patience: 4, panelShare: 0.01, stopBy: 'loss' }) // biome-ignore format: one line
  expect(tuneDefaults({ cases: 600, controls: 600 }).stopBy).toBe('auc')
  expect(tuneDefaults({ cases: 5000, controls: 5000 })).toEqual(TUNE_DEFAULTS)
  for (const people of [10, 20, 100, 1000]) {
    const settings = { ...tuneDefaults({ cases: people, controls: people }), name: 'x', start: { kind: 'fresh' }, referenceFileId: 'x' } as const // biome-ignore format: one line
    expect(tuneFaults(settings)).toEqual({})
    // The rate has risen long before patience can end a split.
    expect(settings.patience * tuneSteps(settings, { cases: people, controls: people }).perEpoch).toBeGreaterThan(2 * settings.warmupSteps) // biome-ignore format: one line
  }
})

it('says before a training that so few people are not expected to be enough', () => {
  expect(fewPeople(80)).toMatch(/80 people .*worse than the two SNPs.*model\.kind is logistic/)
  expect(fewPeople(600)).toMatch(/600 people .*not known to beat.*model\.kind is logistic/)
  expect(fewPeople(1200)).toBeNull()
})
