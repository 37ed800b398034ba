import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { loadTokenizer } from '../src-main/domain/tokenizer/tokenizer.ts'
import { type Measured, measured } from './tokenizer/measured.ts'
import { genome, writeSentences } from './tokenizer/sentences.ts'

const SEED = 1
/** The length of the longest input of the published model, 33,611 nucleotides, rounded up. */
const ENCODED_CHARACTERS = 35_000

interface Arguments {
  readonly symbols: number
  readonly compared: number
  readonly vocabulary: number
  readonly comparedVocabulary: number
  readonly repeats: number
}

/**
 * Training and encoding of diplotype sentences: this program beside the SentencePiece library's tools on a corpus that they can finish, then
 * alone on a large one. The corpus is made up and seeded. Arguments: `--symbols N` (100,000,000), `--vocabulary N` (32000), of the comparison `--compared N`
 * (2,000,000 symbols) and `--compared-vocabulary N` (16000: a corpus of that size has not 32,000 pairs that come twice), `--repeats N` (3) of encoding.
 */
export async function run({ json, args, root }: { json: boolean; args: readonly string[]; root: string }) {
  const asked = argumentsOf(args)
  const folder = join(root, 'dist', 'bench')
  mkdirSync(folder, { recursive: true })
  const say = (line: string) => json || process.stdout.write(`${line}\n`)
  const cli = [process.execPath, join(root, 'bin', 'diploscope.mjs'), 'tokenizer']
  const train = (corpus: string, model: string, facts: string, vocabulary: number) =>
    measured([...cli, 'train', '--corpus', corpus, '--out', model, '--vocab-size', String(vocabulary), '--alphabet', 'diplotype', '--json', '--quiet'], { output: facts }) // biome-ignore format: one line
  const shown = (m: Measured) => `${(m.ms / 1000).toFixed(1)} s${m.peakMb === undefined ? '' : `, ${m.peakMb} MB`}`

  const corpus = join(folder, `sentences-${asked.compared}.txt`)
  const model = join(folder, 'compared.model')
  writeSentences(corpus, asked.compared, SEED)
  const factsFile = join(folder, 'tokenizer-facts.json')
  const own = await train(corpus, model, factsFile, asked.comparedVocabulary)
  const facts = JSON.parse(readFileSync(factsFile, 'utf8'))
  say(`training, ${n(facts.characters)} symbols (${n(statSync(corpus).size)} bytes) to ${n(facts.vocabularySize)} pieces: ${shown(own)}, ${facts.meanTokenLength.toFixed(2)} nucleotides a token`) // biome-ignore format: one line
  let peer: Measured | undefined
  if (has('spm_train')) {
    peer = await measured(peerTraining(corpus, join(folder, 'peer'), asked.comparedVocabulary))
    say(`  spm_train, same corpus and options: ${shown(peer)}; ${(peer.ms / own.ms).toFixed(1)} times our time`)
  } else say('  spm_train is not installed (Debian: sentencepiece)')

  const encoding = await encode(folder, corpus, model, asked.repeats, cli, say)

  const large = join(folder, `sentences-${asked.symbols}.txt`)
  writeSentences(large, asked.symbols, SEED)
  const alone = await train(large, join(folder, 'large.model'), factsFile, asked.vocabulary)
  const largeFacts = JSON.parse(readFileSync(factsFile, 'utf8'))
  say(`training, ${n(largeFacts.characters)} symbols (${n(statSync(large).size)} bytes) to ${n(largeFacts.vocabularySize)} pieces: ${shown(alone)}, ${largeFacts.meanTokenLength.toFixed(2)} nucleotides a token`) // biome-ignore format: one line
  return {
    compared: { ...facts, ...own, ...(peer ? { spmTrain: peer, timesOurs: peer.ms / own.ms } : {}) },
    encoding,
    alone: { ...largeFacts, ...alone },
  }
}

/** Both encoders on the whole corpus, as processes; this one in the process on one long text. */
async function encode(
  folder: string,
  corpus: string,
  model: string,
  repeats: number,
  cli: readonly string[],
  say: (line: string) => unknown,
) {
  const tokenizer = loadTokenizer(readFileSync(model))
  const text = String.fromCharCode(...genome(ENCODED_CHARACTERS, SEED + 1))
  const times: number[] = []
  let tokens = 0
  for (let k = 0; k < 5 + repeats * 5; k++) {
    const begun = performance.now()
    tokens = tokenizer.encode(text).ids.length
    times.push(performance.now() - begun)
  }
  const first = times[0]!
  const warm = median(times.slice(5))
  say(`encoding ${n(ENCODED_CHARACTERS)} characters: ${warm.toFixed(1)} ms (first ${first.toFixed(1)} ms), ${n(tokens)} tokens, ${(ENCODED_CHARACTERS / tokens).toFixed(2)} nucleotides each`) // biome-ignore format: one line

  const ours = join(folder, 'encoded-ours.txt')
  const theirs = join(folder, 'encoded-peer.txt')
  const own: Measured[] = []
  const peer: Measured[] = []
  for (let k = 0; k < repeats; k++) {
    own.push(await measured([...cli, 'encode', '--model', model, '--quiet'], { input: corpus, output: ours }))
    if (has('spm_encode')) peer.push(await measured(['spm_encode', `--model=${model}`], { input: corpus, output: theirs })) // biome-ignore format: one line
  }
  const ms = median(own.map(m => m.ms))
  const peerMs = peer.length > 0 ? median(peer.map(m => m.ms)) : undefined
  const equal = peer.length > 0 ? digest(ours) === digest(theirs) : undefined
  say(`encoding the corpus, whole process: ${ms.toFixed(0)} ms${peerMs === undefined ? '' : `; spm_encode ${peerMs.toFixed(0)} ms, pieces ${equal ? 'equal' : 'NOT EQUAL'}`}`) // biome-ignore format: one line

  const python = ['/usr/bin/python3', 'python3'].find(p => spawnSync(p, ['-c', 'import sentencepiece']).status === 0)
  let equalIds: boolean | undefined
  if (python) {
    await measured([...cli, 'encode', '--model', model, '--ids', '--quiet'], { input: corpus, output: ours })
    const script = join(folder, '..', '..', 'bench', 'peers', 'sentencepiece_ids.py')
    await measured([python, script, model, corpus], { output: theirs })
    equalIds = digest(ours) === digest(theirs)
    say(`  Python's sentencepiece loads the model; ids ${equalIds ? 'equal' : 'NOT EQUAL'}`)
  }
  return { characters: ENCODED_CHARACTERS, ms: warm, firstMs: first, tokens, corpusMs: ms, spmEncodeMs: peerMs, equalPieces: equal, equalIds } // biome-ignore format: one line
}

/** The options of our own trainer, spelled for spm_train. */
const peerTraining = (corpus: string, prefix: string, vocabulary: number) => [
  'spm_train',
  `--input=${corpus}`,
  `--model_prefix=${prefix}`,
  `--vocab_size=${vocabulary}`,
  '--model_type=bpe',
  '--character_coverage=1.0',
  '--normalization_rule_name=nfkc',
  '--split_by_unicode_script=false',
  '--split_by_number=false',
  '--max_sentencepiece_length=64',
  '--max_sentence_length=16384',
  '--control_symbols=[CLS],[SEP],[MASK],[PAD]',
  '--unk_piece=[UNK]',
  '--bos_id=-1',
  '--eos_id=-1',
  '--pad_id=-1',
  '--num_threads=2',
]

function argumentsOf(args: readonly string[]): Arguments {
  const number = (name: string, fallback: number) => {
    const at = args.indexOf(`--${name}`)
    const value = at < 0 ? fallback : Number(args[at + 1])
    if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} is '${args[at + 1]}', not a whole number`)
    return value
  }
  return {
    symbols: number('symbols', 100_000_000),
    compared: number('compared', 2_000_000),
    vocabulary: number('vocabulary', 32_000),
    comparedVocabulary: number('compared-vocabulary', 16_000),
    repeats: number('repeats', 3),
  }
}

const has = (tool: string) => spawnSync(tool, ['--help'], { stdio: 'ignore' }).error === undefined
const digest = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex')
const n = (x: number) => x.toLocaleString('en-US')

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? Number.NaN
}
