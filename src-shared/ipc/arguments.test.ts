import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PILEUP_DEFAULTS } from '../genome/pileup.ts'
import { ARGUMENTS } from './arguments.ts'
import type { Method } from './contract.ts'
import { WorkbenchError } from './errors.ts'

const methods = Object.keys(ARGUMENTS) as Method[]
const refusal = (work: () => unknown): unknown => {
  try {
    work()
    return undefined
  } catch (error) {
    return error
  }
}

describe('arguments from a page', () => {
  it.each(methods)('of %s are taken or refused with a coded error, whatever they are', method => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withTypedArray: true }), value => {
        const error = refusal(() => ARGUMENTS[method](value))
        if (error !== undefined) expect(error).toMatchObject({ name: 'WorkbenchError', code: 'bad-input' })
      }),
      { numRuns: 100 },
    )
  })

  it.each(methods)('of %s hold only what is named in the contract', method => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), extra => {
        const asked = { ...SAMPLE, ...extra, __proto__: { fileId: '../x' } }
        const error = refusal(() => {
          const taken = ARGUMENTS[method](asked) as Record<string, unknown>
          for (const key of Object.keys(taken)) expect(Object.keys(SAMPLE)).toContain(key)
        })
        if (error !== undefined) expect(error).toBeInstanceOf(WorkbenchError)
      }),
      { numRuns: 50 },
    )
  })

  it.each([
    '../etc/passwd',
    '/etc/passwd',
    'C:\\x',
    'a/b',
    'a.b',
    '',
    'a b',
    'é',
    'x'.repeat(129),
    'a\0',
    null,
    5,
    {},
    [],
  ])('never take %j for an id', bad => {
    for (const method of ['files.close', 'files.refresh', 'files.buildIndex', 'project.open'] as const)
      expect(refusal(() => ARGUMENTS[method]({ fileId: bad }))).toMatchObject({ code: 'bad-input' })
    expect(refusal(() => ARGUMENTS['files.open']({ entryIds: [bad] }))).toMatchObject({ code: 'bad-input' })
    expect(refusal(() => ARGUMENTS['jobs.cancel']({ jobId: bad }))).toMatchObject({ code: 'bad-input' })
  })

  it('keep what is right as it is, and fill in the defaults of a pileup', () => {
    expect(ARGUMENTS['coverage.bins']({ ...SAMPLE, options: { minMappingQuality: 20 } })).toEqual({
      fileId: 'f',
      interval: SAMPLE.interval,
      bins: 10,
      options: { ...PILEUP_DEFAULTS, minMappingQuality: 20 },
    })
    expect(ARGUMENTS['project.save'](SAMPLE)).toEqual({ document: SAMPLE.document })
    expect(ARGUMENTS['files.browse']({})).toEqual({})
    expect(ARGUMENTS['app.info'](undefined)).toEqual({})
  })

  it.each([
    { contig: 'c', start: 5, end: 5 },
    { contig: 'c', start: -1, end: 5 },
    { contig: 'c', start: 0, end: 2 ** 31 },
    { contig: 'c', start: 0.5, end: 5 },
    { contig: 'c', start: Number.NaN, end: 5 },
    { contig: 5, start: 0, end: 5 },
    { contig: 'c'.repeat(1001), start: 0, end: 5 },
    null,
  ])('refuse the interval %j', interval => {
    expect(refusal(() => ARGUMENTS['reference.sequence']({ fileId: 'f', interval }))).toMatchObject({
      code: 'bad-input',
    })
  })
})

const SAMPLE = {
  folderId: 'f',
  entryIds: ['e'],
  recentId: 'r',
  fileId: 'f',
  jobId: 'j',
  interval: { contig: 'chr1', start: 0, end: 10 },
  query: 'APOE',
  limit: 5,
  text: 'chr1:1-5',
  bins: 10,
  options: PILEUP_DEFAULTS,
  caller: 'robust',
  contig: 'chr1',
  position: 5,
  build: 'auto',
  format: 'html',
  document: {
    version: 1,
    name: 'p',
    demo: false,
    view: { locus: null, referenceFileId: null, selection: { kind: 'none' } },
    tracks: [{ fileId: 'f', part: 'reads', visible: true }],
    bookmarks: [],
  },
}
