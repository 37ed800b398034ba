import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { PredictedSetting, ProjectDocument } from '../../src-shared/project.ts'
import { candidatePaths, formatProject, parseProject, withFileIds } from './projectFile.ts'

const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/)
const interval = fc
  .tuple(fc.string({ maxLength: 20 }), fc.nat(2 ** 30), fc.integer({ min: 1, max: 2 ** 20 }))
  .map(([contig, start, length]) => ({ contig, start, end: start + length }))
const person = fc.record({ fileId: id, sample: fc.string({ maxLength: 9 }) })
const predicted: fc.Arbitrary<PredictedSetting> = fc
  .tuple(
    fc.record({
      trackId: id,
      name: fc.string({ maxLength: 20 }),
      channels: fc.array(fc.nat(9999), { maxLength: 2 }),
      signals: fc.array(fc.option(id), { maxLength: 2 }),
      layout: fc.constantFrom('overlaid' as const, 'beside' as const),
      scale: fc.constantFrom('linear' as const, 'log' as const, 'arcsinh' as const),
      group: fc.option(fc.string({ maxLength: 9 })),
      units: fc.constantFrom('model' as const, 'signal' as const),
      observed: fc.constantFrom('raw' as const, 'transformed' as const),
      unit: fc.string({ maxLength: 9 }),
      transform: fc.string({ maxLength: 9 }),
    }),
    fc.oneof(
      fc.constant({ shows: 'reference' as const, person: null }),
      fc.record({ shows: fc.constantFrom('haplotype1' as const, 'between' as const), person }),
    ),
  )
  .map(([a, b]) => ({ ...a, ...b }))
const document: fc.Arbitrary<ProjectDocument> = fc.record({
  version: fc.constant(1 as const),
  name: fc.string({ maxLength: 50 }),
  demo: fc.boolean(),
  view: fc.record({
    locus: fc.option(interval),
    referenceFileId: fc.option(id),
    selection: fc.oneof(
      fc.constant({ kind: 'none' as const }),
      fc.record({ kind: fc.constantFrom('sample' as const, 'file' as const), fileId: id }),
      fc.record({ kind: fc.constant('track' as const), fileId: id, trackId: id }),
      fc.record({ kind: fc.constant('position' as const), contig: fc.string({ maxLength: 9 }), position: fc.nat(), fileId: fc.option(id) }), // biome-ignore format: one line
    ),
  }),
  tracks: fc.array(
    fc.oneof(
      fc.record(
        {
          fileId: id,
          part: fc.constantFrom('reads' as const, 'coverage' as const, 'genes' as const),
          visible: fc.boolean(),
          heightPx: fc.integer({ min: 10, max: 4000 }),
        },
        { requiredKeys: ['fileId', 'part', 'visible'] },
      ),
      fc.record({ fileId: id, part: fc.constant('predicted' as const), visible: fc.boolean(), predicted }),
    ),
    { maxLength: 5 },
  ),
  bookmarks: fc.array(fc.record({ id, name: fc.string({ maxLength: 20 }), interval }), { maxLength: 5 }),
})

describe('a project file', () => {
  it('is read as it was written, whatever is in it', () => {
    fc.assert(
      fc.property(document, fc.nat(), (d, savedAt) => {
        expect(parseProject(formatProject(d, [], '/', savedAt), 'p')).toEqual({ document: d, files: [], savedAt })
      }),
    )
  })

  it('that was damaged anywhere is read or refused with a code, and never half read', () => {
    fc.assert(
      fc.property(document, fc.nat(), fc.string({ maxLength: 3 }), fc.nat(20), (d, at, put, cut) => {
        const text = formatProject(d, [], '/', 0)
        const i = at % text.length
        let parsed: unknown
        try {
          parsed = parseProject(text.slice(0, i) + put + text.slice(i + cut), 'p')
        } catch (error) {
          expect(error).toBeInstanceOf(WorkbenchError)
          expect(['corrupt', 'wrong-type', 'unsupported']).toContain((error as WorkbenchError).code)
        }
        if (parsed) expect(Object.keys(parsed)).toEqual(['document', 'files', 'savedAt'])
      }),
      { numRuns: 500 },
    )
  })

  it('forgets what speaks of files that are not there, and keeps the rest', () => {
    fc.assert(
      fc.property(document, d => {
        const bare = withFileIds(d, new Map())
        expect(bare).toMatchObject({
          name: d.name,
          bookmarks: d.bookmarks,
          tracks: [],
          view: { referenceFileId: null },
        })
        const ids = [d.view.referenceFileId, ...d.tracks.map(t => t.fileId), 'fileId' in d.view.selection ? d.view.selection.fileId : null] // biome-ignore format: one line
        for (const { predicted } of d.tracks) ids.push(...(predicted?.signals ?? []), predicted?.person?.fileId ?? null)
        const same = new Map(ids.flatMap(i => (i ? [[i, i] as const] : [])))
        expect(withFileIds(d, same)).toEqual(d)
      }),
    )
  })

  it('is looked for beside the project first, then where it was, and nowhere when its paths are odd', () => {
    const file = { id: 'a', role: 'sample', kind: 'bam', sizeBytes: 1, modifiedAt: 0 } as const
    expect(candidatePaths({ ...file, path: '/old/a.bam', relativePath: '../a.bam' }, '/new/project')).toEqual([
      '/new/a.bam',
      '/old/a.bam',
    ])
    expect(candidatePaths({ ...file, path: 'a.bam', relativePath: '/x/a.bam' }, '/new')).toEqual([])
  })
})
