import { describe, expect, it } from 'vitest'
import type { OpenedFile } from '../../src-shared/genome/files.ts'
import { fileName, originLines, svgWithOrigin, toTsv } from './provenance.ts'

describe('what leaves the window', () => {
  it('is one line a row and one tab a cell whatever cells hold', () => {
    const text = toTsv(
      ['a', 'b'],
      [
        ['x\ty', 1],
        ['two\nlines', null],
      ],
      ['made\tby'],
    )
    expect(text).toBe('# made by\na\tb\nx y\t1\ntwo lines\t\n')
  })
  it('names program, file and options', () => {
    const file = {
      name: 'a.bam',
      facts: { sizeBytes: 5, modifiedAt: 0, synthetic: true },
    } as unknown as OpenedFile
    const info = { version: '1.2.3' } as never
    const lines = originLines({ info, what: 'reads', files: [file], options: { minBaseQuality: 13 } }, new Date(0))
    expect(lines.join('\n')).toBe(
      'Diploscope 1.2.3: reads\nmade: 1970-01-01T00:00:00.000Z\nfile: a.bam (5 bytes, changed 1970-01-01T00:00:00.000Z, synthetic)\noptions: minBaseQuality=13\nresearch use only',
    )
  })
  it('puts provenance inside a picture without breaking its markup', () => {
    const svg = svgWithOrigin('<svg width="3"><g/></svg>', ['a < b & c'])
    expect(svg).toBe(
      '<svg xmlns="http://www.w3.org/2000/svg" width="3"><metadata>a &lt; b &amp; c</metadata><g/></svg>',
    )
  })
  it('makes names that any system takes', () => {
    expect(fileName('HG 1/2:x', 'apoe', 'tsv')).toBe('HG_1_2_x.apoe.tsv')
  })
})
