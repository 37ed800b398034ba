import { closeSync, existsSync, openSync, renameSync, writeSync } from 'node:fs'
import { DIPLOTYPE_CODES } from '../../src-shared/genome/diplotype.ts'
import { hashOf, type Random, seededRandom } from '../../src-shared/random.ts'

/** Symbols of sequence that are drawn; sentences are cut from it again and again, as the passes of a real corpus are. */
const GENOME = 20_000_000
/** Like the human genome: a tenth of it copies of one short family (Alu: 300 bases, a tenth of them changed), some short tandem repeats. */
const ELEMENT = 300
const ELEMENT_EVERY = 3000
const ELEMENT_CHANGED = 0.1
const TANDEM_EVERY = 20_000
const HETEROZYGOUS_EVERY = 300
const LONGEST = 1000
const SHORTEST = 500

/** A made-up genome as UTF-16 codes of diplotype characters, the same from the same seed. */
export function genome(length: number, seed: number): Uint16Array {
  const random = seededRandom(hashOf(seed, 1))
  const bases = new Uint16Array(length)
  // A and T are as frequent as in people (59 %), and CG is rare.
  const draw = (before: number) => {
    const u = random()
    const base = u < 0.295 ? 65 : u < 0.5 ? 67 : u < 0.705 ? 71 : 84
    return before === 67 && base === 71 && random() < 0.75 ? 65 : base
  }
  for (let i = 0; i < length; i++) bases[i] = draw(i > 0 ? bases[i - 1]! : 65)
  const element = bases.slice(0, ELEMENT)
  for (let at = ELEMENT; at + ELEMENT < length; at += Math.floor(2 * ELEMENT_EVERY * random()) + 1)
    for (let i = 0; i < ELEMENT; i++) if (random() >= ELEMENT_CHANGED) bases[at + i] = element[i]!
  for (let at = 0; at + 100 < length; at += Math.floor(2 * TANDEM_EVERY * random()) + 1) {
    const unit = 1 + Math.floor(4 * random())
    for (let i = unit, n = unit * (5 + Math.floor(20 * random())); i < n; i++) bases[at + i] = bases[at + i - unit]!
  }
  const pairs = DIPLOTYPE_CODES.filter(code => code.allele1 !== code.allele2)
  for (let at = 0; at < length; at += Math.floor(2 * HETEROZYGOUS_EVERY * random()) + 1) {
    // Nine in ten are two bases, as real ones are; the others any pair of the alphabet.
    const plain = pairs.filter(p => 'ACGT'.includes(p.allele1) && 'ACGT'.includes(p.allele2))
    const from = random() < 0.9 ? plain : pairs
    bases[at] = from[Math.floor(random() * from.length)]!.char.charCodeAt(0)
  }
  return bases
}

/** Writes sentences of 500 to 1,000 characters until there are as many symbols as asked for; made once. */
export function writeSentences(path: string, symbols: number, seed: number): void {
  if (existsSync(path)) return
  const bases = genome(Math.min(GENOME, symbols), seed)
  const random: Random = seededRandom(hashOf(seed, 2))
  const file = openSync(`${path}.part`, 'w')
  let lines: string[] = []
  let at = 0
  for (let left = symbols; left > 0; ) {
    const length = Math.min(left, bases.length, SHORTEST + Math.floor(random() * (LONGEST - SHORTEST + 1)))
    if (at + length > bases.length) at = Math.floor(random() * Math.min(5000, bases.length - length + 1))
    lines.push(String.fromCharCode(...bases.subarray(at, at + length)))
    at += length
    left -= length
    if (lines.length < 4096 && left > 0) continue
    writeSync(file, `${lines.join('\n')}\n`)
    lines = []
  }
  closeSync(file)
  renameSync(`${path}.part`, path)
}
