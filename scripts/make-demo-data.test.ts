import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { openReference } from '../src-main/readers/reference.ts'
import { DEMO_MANIFEST, makeDemo } from '../test-support/demo/make.ts'

const committed = resolve(import.meta.dirname, '../assets/demo')
const folder = mkdtempSync(join(tmpdir(), 'diploscope-demo-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Compressed bytes depend on zlib's version, what they hold does not. */
const content = (path: string) => {
  const bytes = readFileSync(path)
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes
}

describe('the committed demo data', () => {
  it('are what the script makes, and under 3 MB', async () => {
    const names = await makeDemo(folder)
    expect(readdirSync(committed).sort()).toEqual([...names, 'README.md'].sort())
    for (const name of names.filter(n => /\.(fa\.gz|fai|gtf|vcf\.gz|bam|json)$/.test(n)))
      expect(Buffer.compare(content(join(folder, name)), content(join(committed, name))), name).toBe(0)
    const total = readdirSync(committed).reduce((sum, name) => sum + statSync(join(committed, name)).size, 0)
    expect(total).toBeLessThan(3_000_000)
  })

  it('stand on GRCh38: length of chromosome 19, T and C at the two SNPs, N outside', async () => {
    const reference = await openReference(join(folder, DEMO_MANIFEST.reference))
    try {
      expect(reference.contigs).toEqual([{ name: 'chr19', length: 58_617_616 }])
      expect(await reference.sequence('chr19', 44_908_683, 44_908_684)).toBe('T')
      expect(await reference.sequence('chr19', 44_908_821, 44_908_822)).toBe('C')
      expect(await reference.sequence('chr19', 44_889_990, 44_890_001)).toMatch(/^N{10}[ACGT]$/)
      expect(await reference.sequence('chr19', 58_617_606, 58_617_616)).toBe('NNNNNNNNNN')
    } finally {
      await reference.close()
    }
  })

  it('say of themselves that they are synthetic', () => {
    for (const { file } of DEMO_MANIFEST.samples) expect(content(join(committed, file)).toString('latin1')).toContain('@CO\tsynthetic: ') // biome-ignore format: one line
    expect(content(join(committed, DEMO_MANIFEST.variants)).toString()).toContain('##synthetic=')
    expect(readFileSync(join(committed, DEMO_MANIFEST.genes), 'utf8')).toMatch(/^# synthetic/)
  })
})
