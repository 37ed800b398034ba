import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { goldenNames, goldenRoot } from '../../test-support/golden.ts'

/** Cases that a `*.golden.test.ts` judges. */
const JUDGED = ['block-sparse', 'encoders', 'enformer', 'enformer-gradients', 'logistic', 'mutagenesis', 'statistics']

const present = existsSync(goldenRoot)
if (!present) console.log(`golden: no folder ${goldenRoot}: every case is skipped`)

describe.skipIf(!present)('golden numbers', () => {
  it('has cases, and every one of them is judged', () => {
    const names = goldenNames()
    console.log(`golden: ${goldenRoot} holds ${names.join(', ')}`)
    expect(names.length).toBeGreaterThan(0)
    expect(names.filter(name => !JUDGED.includes(name))).toEqual([])
    const absent = JUDGED.filter(name => !names.includes(name))
    if (absent.length > 0) console.log(`golden: not there, so skipped: ${absent.join(', ')}`)
  })
})
