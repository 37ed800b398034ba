import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { quietContext } from '../../../src-shared/job.ts'
import type { FileRegistry } from '../files.ts'
import { variantSites } from './variantSites.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'diploscope-sites-'))
})
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }))

const HEAD = '##fileformat=VCFv4.3\n##contig=<ID=chr1,length=1000>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO'

/** A registry that knows one file. */
async function registry(text: string, role = 'variants'): Promise<FileRegistry> {
  const path = join(folder, `${role}-${text.length}.vcf`)
  await writeFile(path, text)
  return { use: async () => ({ path, readPath: path, role }) } as unknown as FileRegistry
}

const interval = { contig: 'chr1', start: 99, end: 200 }

// Truth: the lines of the file, read by eye.
it('gives each carrier its alleles, and leaves out who carries none', async () => {
  const files = await registry(
    `${HEAD}\tFORMAT\tANN\tBOB\nchr1\t50\tout\tA\tC\t.\t.\t.\tGT\t1/1\t1/1\nchr1\t100\trs1\tT\tC,G\t.\t.\t.\tGT\t0|2\t0/0\nchr1\t150\t.\tA\tC\t.\t.\t.\tGT\t./1\t1\n`,
  )
  expect(await variantSites(files, { fileId: 'f', interval }, quietContext())).toEqual([
    { position: 99, id: 'rs1', ref: 'T', alternatives: ['C', 'G'], sample: 'ANN', genotype: ['T', 'G'] },
    { position: 149, id: '', ref: 'A', alternatives: ['C'], sample: 'ANN', genotype: ['.', 'C'] },
    { position: 149, id: '', ref: 'A', alternatives: ['C'], sample: 'BOB', genotype: ['C'] },
  ])
})

it('gives sites of a file without samples', async () => {
  const files = await registry(`${HEAD}\nchr1\t100\trs1\tT\tC\t.\t.\t.\n`)
  expect(await variantSites(files, { fileId: 'f', interval }, quietContext())).toEqual([
    { position: 99, id: 'rs1', ref: 'T', alternatives: ['C'], sample: null, genotype: [] },
  ])
})

it('refuses what is no VCF', async () => {
  const files = await registry('nothing', 'sample')
  await expect(variantSites(files, { fileId: 'f', interval }, quietContext())).rejects.toMatchObject({
    code: 'wrong-type',
  })
})
