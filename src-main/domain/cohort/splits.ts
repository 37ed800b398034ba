import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { shuffled, streamOf } from './draws.ts'

/** Indices of people; no two parts share one. */
export interface Split {
  readonly train: Int32Array
  readonly validation: Int32Array
  readonly test: Int32Array
}

/** Shares of the people that validate and that test; the others train. */
export const SPLIT_SHARES = { validation: 0.15, test: 0.15 } as const

/**
 * Split number `which` of the people into 70 % training, 15 % validation and 15 % test, by subject and stratified by label: in each part the
 * classes have their share to the nearest person. Every number is a split of its own, drawn from the seed.
 * @throws WorkbenchError `bad-input` when a class has fewer than 10 people: no part could be judged
 */
export function stratifiedSplit(labels: ArrayLike<number>, seed: number, which: number): Split {
  const parts = { train: [] as number[], validation: [] as number[], test: [] as number[] }
  for (const label of [0, 1]) {
    const members = Int32Array.from(Array.from(labels, (l, i) => (l === label ? i : -1)).filter(i => i >= 0))
    if (members.length < 10)
      throw new WorkbenchError('bad-input', `${members.length} people with label ${label}; at least 10 of each class are needed`, 'give a larger cohort') // biome-ignore format: one line
    shuffled(members, streamOf(seed, 'splits', which, label))
    const test = Math.round(members.length * SPLIT_SHARES.test)
    const validation = Math.round(members.length * SPLIT_SHARES.validation)
    parts.test.push(...members.subarray(0, test))
    parts.validation.push(...members.subarray(test, test + validation))
    parts.train.push(...members.subarray(test + validation))
  }
  const split: Split = {
    train: Int32Array.from(parts.train).sort(),
    validation: Int32Array.from(parts.validation).sort(),
    test: Int32Array.from(parts.test).sort(),
  }
  assertDisjoint(split)
  return split
}

/** @throws WorkbenchError `internal` when a person is in two parts: a result of such a split would mean nothing */
export function assertDisjoint(split: Split): void {
  const seen = new Set<number>()
  for (const part of [split.train, split.validation, split.test])
    for (const person of part) {
      if (seen.has(person)) throw new WorkbenchError('internal', `person ${person} is in two parts of a split`, 'please report this') // biome-ignore format: one line
      seen.add(person)
    }
}
