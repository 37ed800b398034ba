import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { modelCard } from './card.ts'
import type { ModelJson } from './modelJson.ts'
import { parseModelJson } from './parseModelJson.ts'
import { parseTrackTable } from './trackTable.ts'

const SHA = 'a'.repeat(64)
const good: ModelJson = {
  format: 'diploscope-model',
  formatVersion: 1,
  id: 'baskerville-hg38-74',
  name: 'example network',
  kind: 'baskerville',
  architecture: { blocks: 2 },
  input: { type: 'dna', alphabet: 'ACGT', unknown: 'zeros', length: 131_072, lengthMultiple: 128, genome: 'GRCh38' },
  output: { heads: [{ name: 'human', tracks: 2 }], binSize: 32, bins: 2048, cropBins: 1024, activation: 'softplus' },
  tracks: [
    { index: 0, head: 'human', name: 'DNASE:HepG2', assay: 'DNASE' },
    { index: 1, head: 'human', name: 'CAGE:liver', assay: 'CAGE' },
  ],
  tokenizer: null,
  attentionPattern: null,
  weights: { file: 'weights.safetensors', sha256: SHA, parameters: 642_994 },
  provenance: { source: 'calico/baskerville', created: '2026-01-01T00:00:00Z' },
  licence: 'Apache-2.0',
  citation: null,
  limits: ['human only'],
}
const parse = (change: object) => parseModelJson(JSON.stringify({ ...good, ...change }))

describe('model.json', () => {
  it('that is right comes back as it is, unknown fields kept', () => {
    expect(parse({ note: 'mine' })).toEqual({ ...good, note: 'mine' })
  })

  it.each([
    [
      'tracks out of place',
      { tracks: [{ index: 1, head: 'human', name: 'x' }] },
      /tracks\[0\]\.index is 1, expected 0/,
    ],
    [
      'too few tracks',
      { tracks: [{ index: 0, head: 'human', name: 'x' }] },
      /tracks is 1, expected 2 entries for head 'human'/,
    ],
    ['a head that nobody declared', { tracks: [...good.tracks, { index: 0, head: 'mouse', name: 'x' }] }, /"mouse"/],
    [
      'a window that is no multiple',
      { input: { ...good.input, length: 131_073 } },
      /input\.length is 131073, expected a multiple of lengthMultiple, 128/,
    ],
    ['tokens without a tokenizer', { input: { type: 'diplotype-tokens', maxTokens: 10 } }, /tokenizer is null/],
    ['a tokenizer elsewhere', { tokenizer: { file: '../x', sha256: SHA } }, /tokenizer\.file is "\.\.\/x"/],
    ['a file that begins with a dot', { weights: { ...good.weights, file: '..' } }, /weights\.file/],
    [
      'a pattern of an unknown rule',
      { attentionPattern: { blockSize: 64, randomBlocks: 3, tokens: 1536, rule: 'magic', seed: 1, tensor: 't' } },
      /attentionPattern\.rule is "magic"/,
    ],
    [
      'a date that is none',
      { provenance: { source: 'x', created: 'yesterday' } },
      /provenance\.created is "yesterday"/,
    ],
    ['another format', { format: 'gguf' }, /format is "gguf"/],
  ])('names %s', (_what, change, message) => {
    expect(() => parse(change)).toThrow(
      expect.objectContaining({ code: 'bad-model', message: expect.stringMatching(message) }),
    )
  })

  it('answers anything else with a coded error', () => {
    const keys = Object.keys(good)
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.jsonValue(), (key, value) => {
        try {
          modelCard(parse({ [key]: value })) // what is accepted can be described
        } catch (error) {
          expect(error).toBeInstanceOf(WorkbenchError)
        }
      }),
      { numRuns: 500 },
    )
    for (const text of ['', '[]', 'null', '{"format":', '['.repeat(100_000)])
      expect(() => parseModelJson(text)).toThrow(WorkbenchError)
  })
})

describe('track tables', () => {
  it('are read as the Basenji family writes them', () => {
    const text =
      'index\tgenome\tidentifier\tfile\tclip\tscale\tsum_stat\tdescription\n0\t0\tENCFF1\t/x\t32\t2\tmean\tDNASE:liver\n1\t0\tCNhs1+\t/y\t384\t1\tsum\tCAGE:brain\n2\t0\tENCFF3\t/z\t32\t2\tmean\tCHIP:CTCF:K562\n'
    expect(parseTrackTable(text, 'human', 128, 't')).toMatchObject([
      {
        index: 0,
        name: 'DNASE:liver',
        assay: 'DNASE',
        sourceId: 'ENCFF1',
        strand: '.',
        transform: { clip: 32, scale: 2, sum_stat: 'mean' },
      },
      { index: 1, assay: 'CAGE', strand: '+' },
      { index: 2, assay: 'CHIP', target: 'CTCF' },
    ])
    expect(() => parseTrackTable('a\tb\n', 'h', 1, 't')).toThrow(/no columns/)
    expect(() => parseTrackTable('identifier\tdescription\nx\n', 'h', 1, 't')).toThrow(/line 2/)
  })
})
