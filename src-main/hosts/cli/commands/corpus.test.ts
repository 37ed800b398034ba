import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { builtCli } from '../../../../test-support/built-cli.ts'

// The command as a process of its own, from the sources: exit codes, the one line of an error, the report.
const _root = resolve(import.meta.dirname, '../../../..')
let cli: Awaited<ReturnType<typeof builtCli>>
let folder: string
const at = (name: string) => join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'diploscope-corpus-cli-'))
  cli = await builtCli()
  await writeFile(at('a.fa'), `>chr19\n${'ACGTTGCA'.repeat(100)}\n`)
  await writeFile(at('a.vcf'), '##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n19\t101\trs1\tT\tC\t.\t.\tFREQ=X:0.6,0.4;COMMON\n') // biome-ignore format: one line
})
afterAll(async () => {
  await cli?.remove()
  await rm(folder, { recursive: true, force: true, maxRetries: 10 })
})

function corpus(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli.path, 'corpus', ...args], { encoding: 'utf8' }) // biome-ignore format: one line
  return { status, stdout, stderr }
}
const inputs = () => ['--reference', at('a.fa'), '--variants', at('a.vcf'), '--contig', 'NC_000019.10']
const small = ['--passes', '2', '--start-max', '0', '--min', '100', '--max', '100']

describe('corpus', () => {
  it('writes sentences and tells what it did; exit 0', () => {
    const done = corpus(...inputs(), ...small, '--out', at('out.txt'), '--json')
    expect(done.status).toBe(0)
    const lines = readFileSync(at('out.txt'), 'utf8').split('\n')
    expect(lines.map(l => l.length)).toEqual([...Array(16).fill(100), 0])
    // Base 101 is the first of the second sentence; C-T is 礤.
    expect([lines[1]![0], lines[9]![0]]).toEqual(['礤', '礤'])
    expect(JSON.parse(done.stdout)).toMatchObject({ rule: 'thesis', sample: 'fixed', alphabet: 'diplotype', sentences: 16, symbols: 1600, heterozygousSymbols: 2 }) // biome-ignore format: one line
    expect(done.stderr).toContain('16 sentences, 1,600 symbols, 2 of them heterozygous, from chr19:1-800')
    expect(done.stderr).toContain('one fixed diplotype')
  })

  it('draws fewer, in another order, by Hardy-Weinberg, haploid', () => {
    const done = corpus(...inputs(), '--rule', 'snp2vec', '--passes', '1', '--start-max', '0', '--min', '100', '--max', '100', '--sentences', '5', '--sample', 'hardy-weinberg', '--haploid', '--out', at('few.txt'), '--quiet') // biome-ignore format: one line
    expect(done).toEqual({ status: 0, stdout: '', stderr: '' })
    expect(readFileSync(at('few.txt'), 'utf8')).toMatch(/^([ACGT]{100}\n){5}$/)
  })

  it.each<[string, () => string[], number, string]>([
    ['no --out', () => [...inputs()], 2, 'wrong-usage'],
    ['a rule that is none', () => [...inputs(), '--out', at('x'), '--rule', 'mine'], 2, 'wrong-usage'],
    ['min above max', () => [...inputs(), '--out', at('x'), '--min', '9', '--max', '8'], 2, 'wrong-usage'],
    ['more passes than starts', () => [...inputs(), '--out', at('x'), '--rule', 'snp2vec', '--start-max', '9'], 2, 'wrong-usage'],
    ['a stray word', () => [...inputs(), '--out', at('x'), 'more'], 2, 'wrong-usage'],
    ['no variants', () => ['--reference', at('a.fa'), '--contig', '19', '--out', at('x')], 2, 'wrong-usage'],
    ['a contig that is too short', () => [...inputs(), '--out', at('x'), '--min', '900'], 3, 'bad-input'],
    ['an absent reference', () => ['--reference', at('no.fa'), '--variants', at('a.vcf'), '--contig', '19', '--out', at('x')], 3, 'not-found'],
    ['an absent folder', () => [...inputs(), ...small, '--out', join(folder, 'no', 'x')], 3, 'not-found'],
  ])('%s: exit code, one line, no file', (_name, args, status, code) => {
    const done = corpus(...args())
    expect(done.stderr).toMatch(new RegExp(`^diploscope: ${code}: [^\\n]+ - [^\\n]+\\n$`))
    expect(done.status).toBe(status)
    expect(existsSync(at('x'))).toBe(false)
  }) // biome-ignore format: a table
})
