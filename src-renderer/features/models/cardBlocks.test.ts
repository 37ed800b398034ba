import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cardBlocks, inline } from './cardBlocks.ts'

describe('a model card', () => {
  it('is read by its blocks, without the front matter', () => {
    const text = '---\nlicense: mit\n---\n# A *model*\n\nIt predicts\n`DNase` tracks.\n\n- one\n  more\n- two\n\n```\na | b\n```\n| x | y |\n|---|---|\n| 1 | 2 |\n' // biome-ignore format: one text
    expect(cardBlocks(text)).toEqual([
      {
        kind: 'heading',
        level: 1,
        parts: [
          { kind: 'text', text: 'A ' },
          { kind: 'em', text: 'model' },
        ],
      },
      { kind: 'paragraph', parts: [{ kind: 'text', text: 'It predicts ' }, { kind: 'code', text: 'DNase' }, { kind: 'text', text: ' tracks.' }] }, // biome-ignore format: one line
      { kind: 'list', ordered: false, items: [[{ kind: 'text', text: 'one more' }], [{ kind: 'text', text: 'two' }]] },
      { kind: 'code', text: 'a | b' },
      { kind: 'table', rows: [[[{ kind: 'text', text: 'x' }], [{ kind: 'text', text: 'y' }]], [[{ kind: 'text', text: '1' }], [{ kind: 'text', text: '2' }]]] }, // biome-ignore format: one line
    ])
  })
  it('keeps markup as the text that it is', () => {
    expect(inline('<img src=x onerror=alert(1)> & <b>')).toEqual([
      { kind: 'text', text: '<img src=x onerror=alert(1)> & <b>' },
    ])
    expect(inline('[here](https://a.b/c)')).toEqual([{ kind: 'link', text: 'here', address: 'https://a.b/c' }])
  })
  it('ends on any text', () => {
    fc.assert(fc.property(fc.string({ maxLength: 300 }), t => Array.isArray(cardBlocks(t))))
    fc.assert(fc.property(fc.stringMatching(/^[#*`|\-\n 1.a[\]()]{0,200}$/), t => Array.isArray(cardBlocks(t))))
  })
})
