import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DIPLOTYPE_CODES } from '../../src-shared/genome/diplotype.ts'
import { quietContext } from '../../src-shared/job.ts'
import { loadTokenizer } from '../domain/tokenizer/tokenizer.ts'
import { trainTokenizer } from './tokenizerTraining.ts'
import type { TokenizerTrainingRequest } from './tokenizerTrainingProtocol.ts'

const folder = mkdtempSync(join(tmpdir(), 'diploscope-tokenizer-'))
const corpusPath = join(folder, 'corpus.txt')
const codes = DIPLOTYPE_CODES.map(c => c.char)
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))

let state = 1
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state / 2 ** 32
}
const sentence = (length: number) =>
  Array.from({ length }, () =>
    random() < 0.95 ? 'ACGT'[Math.floor(random() * 4)] : codes[Math.floor(random() * 40)],
  ).join('')
const lines = Array.from({ length: 200 }, () => sentence(100 + Math.floor(random() * 300)))

const request: TokenizerTrainingRequest = {
  corpusPath,
  vocabularySize: 600,
  alphabet: 'diplotype',
  maxPieceLength: 16,
  normalization: 'nfkc',
  sentences: Number.POSITIVE_INFINITY,
  seed: 1,
}
beforeAll(() => writeFileSync(corpusPath, `${lines.join('\n')}\n`))

describe('training a tokenizer', () => {
  it('gives specials, merges and every code of the alphabet, and decodes what it encodes', async () => {
    const { model, ...facts } = await trainTokenizer(request, quietContext())
    expect(facts).toMatchObject({ vocabularySize: 600, lines: 200, skipped: 0, short: false })
    const tokenizer = loadTokenizer(model)
    expect(tokenizer.size).toBe(600)
    expect(tokenizer.vocabulary.pieces.slice(0, 5)).toEqual(['[UNK]', '[CLS]', '[SEP]', '[MASK]', '[PAD]'])
    for (const code of codes) expect(tokenizer.vocabulary.idOf(code), code).toBeGreaterThan(4)
    let tokens = 0
    for (const line of lines) {
      const { ids } = tokenizer.encode(line)
      tokens += ids.length
      expect(tokenizer.decode(ids)).toBe(line)
    }
    // Encoding finds the same tokens as training counted, but for texts that can be cut in several ways.
    expect(Math.abs(tokens - facts.tokens) / facts.tokens).toBeLessThan(0.01)
    expect(facts.meanTokenLength).toBeCloseTo(lines.join('').length / facts.tokens, 10)
  })

  it('gives the same bytes again, and others for another draw of lines', async () => {
    const train = async (seed: number) =>
      (await trainTokenizer({ ...request, sentences: 50, seed }, quietContext())).model
    const first = await train(1)
    expect(await train(1)).toEqual(first)
    expect(await train(2)).not.toEqual(first)
  })

  it('leaves out a line that is too long, and says so', async () => {
    const path = join(folder, 'long.txt')
    writeFileSync(path, `${lines.slice(0, 20).join('\n')}\n${'A'.repeat(20_000)}\n`)
    expect(await trainTokenizer({ ...request, corpusPath: path, vocabularySize: 100 }, quietContext())).toMatchObject({
      lines: 20,
      skipped: 1,
    })
  })

  it.each([
    [
      'lower case',
      'ACGTACGT\nACGtACGT\n',
      'diplotype',
      /line 2, character 4 of '.*' is 't': no letter of the diplotype alphabet/,
    ],
    ['a IUPAC letter', 'ACRTACGT\n', 'diplotype', /line 1, character 3 .* is 'R'/],
    ['a carriage return', 'ACGTACGT\r\nACGT\r\n', 'diplotype', /line 1, character 9 .* is a carriage return/],
    [
      'a code of a diplotype among haplotypes',
      'ACGTAC\nACBT\n',
      'haplotype',
      /line 2, character 3 .* is 'B': no letter of the haplotype/,
    ],
  ] as const)('names the place of %s, which no sample would ever have', async (_name, text, alphabet, message) => {
    const path = join(folder, 'foreign.txt')
    writeFileSync(path, text)
    const training = (more: Partial<TokenizerTrainingRequest>) => trainTokenizer({ ...request, corpusPath: path, vocabularySize: 100, ...more }, quietContext()) // biome-ignore format: one line
    await expect(training({ alphabet })).rejects.toMatchObject({ code: 'bad-input', message: expect.stringMatching(message) }) // biome-ignore format: one line
    expect((await training({ alphabet: 'corpus' })).lines).toBeGreaterThan(0)
  })

  it.each([
    ['an absent corpus', { corpusPath: join(folder, 'absent.txt') }, 'not-found'],
    ['a vocabulary smaller than the alphabet', { vocabularySize: 50 }, 'bad-input'],
  ])('%s is refused', async (_name, change, code) => {
    await expect(trainTokenizer({ ...request, ...change }, quietContext())).rejects.toMatchObject({ code })
  })

  it('normalises as the platform does (NFKC), one word at a time', async () => {
    const tokenizer = loadTokenizer((await trainTokenizer({ ...request, vocabularySize: 100 }, quietContext())).model)
    for (const word of [
      'ＡＣＧＴ',
      'ﬁ',
      '①',
      'é',
      'e\u0301',
      'A\u0323\u0301',
      '\u1112\u1161\u11ab',
      'ｶﾞ',
      '㍿',
      'Å',
      '\u{1d400}',
      '½',
    ])
      expect(tokenizer.normalize(word).slice(1), word).toBe(word.normalize('NFKC').replaceAll(' ', '\u2581'))
  })
})

const python = ['/usr/bin/python3', 'python3'].find(p => spawnSync(p, ['-c', 'import sentencepiece']).status === 0)
describe.skipIf(!python)('the SentencePiece module of Python', () => {
  it('loads the model and gives the same ids and texts', async () => {
    const { model } = await trainTokenizer(request, quietContext())
    const path = join(folder, 'python.model')
    writeFileSync(path, model)
    const texts = [...lines.slice(0, 50), 'xyz A', codes.join('')]
    const script = 'import json,sys,sentencepiece as s; p=s.SentencePieceProcessor(model_file=sys.argv[1]); t=json.load(sys.stdin); i=[p.encode(x) for x in t]; print(json.dumps([len(p), i, [p.decode(x) for x in i]]))' // biome-ignore format: one line
    const theirs = spawnSync(python!, ['-c', script, path], { input: JSON.stringify(texts), encoding: 'utf8' })
    const tokenizer = loadTokenizer(model)
    const ids = texts.map(t => [...tokenizer.encode(t).ids])
    expect(JSON.parse(theirs.stdout)).toEqual([tokenizer.size, ids, ids.map(i => tokenizer.decode(i))])
  })
})

const library = spawnSync('spm_encode', ['--help'], { stdio: 'ignore' }).error === undefined
describe.skipIf(!library)('the SentencePiece library', () => {
  it('loads the model and cuts every line as we do', async () => {
    const { model } = await trainTokenizer(request, quietContext())
    const path = join(folder, 'ours.model')
    writeFileSync(path, model)
    const texts = [...lines, 'ＡＣ ＧＴ', 'xyz A', 'A  C', codes.join('')]
    const theirs = spawnSync('spm_encode', [`--model=${path}`], { input: `${texts.join('\n')}\n`, encoding: 'utf8' })
    const tokenizer = loadTokenizer(model)
    expect(theirs.stdout).toBe(`${texts.map(t => tokenizer.encode(t).pieces.join(' ')).join('\n')}\n`)
  })
})
