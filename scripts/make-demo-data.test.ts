import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { openReference } from '../src-main/readers/reference.ts'
import { parseProject } from '../src-main/services/projectFile.ts'
import { DEMO_FILES, makeDemo } from '../test-support/demo/make.ts'

const committed = resolve(import.meta.dirname, '../assets/demo')
const folder = mkdtempSync(join(tmpdir(), 'diploscope-demo-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))

/** Compressed bytes depend on zlib's version, what they hold does not. */
const content = (path: string) => {
  const bytes = readFileSync(path)
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes
}

describe('the committed demo data', () => {
  it('are what the script makes, and under 3 MB', async () => {
    const names = await makeDemo(folder)
    expect(readdirSync(committed).sort()).toEqual([...names, 'README.md'].sort())
    for (const name of names.filter(n => /\.(fa\.gz|fai|gtf|vcf\.gz|bam)$/.test(n)))
      expect(Buffer.compare(content(join(folder, name)), content(join(committed, name))), name).toBe(0)
    const total = readdirSync(committed).reduce((sum, name) => sum + statSync(join(committed, name)).size, 0)
    expect(total).toBeLessThan(3_000_000)
  })

  it('stand on GRCh38: length of chromosome 19, T and C at the two SNPs, N outside', async () => {
    const reference = await openReference(join(folder, DEMO_FILES[0].name))
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
    const named = (role: string) => DEMO_FILES.filter(f => f.role === role).map(f => join(committed, f.name))
    expect(named('sample')).toHaveLength(2)
    for (const bam of named('sample')) expect(content(bam).toString('latin1')).toContain('@CO\tsynthetic: ')
    for (const vcf of named('variants')) expect(content(vcf).toString()).toContain('##synthetic=')
    for (const genes of named('genes')) expect(readFileSync(genes, 'utf8')).toMatch(/^# synthetic/)
  })

  it('come with a project that opens them by relative path', () => {
    const project = parseProject(readFileSync(join(committed, 'demo.diploscope.json'), 'utf8'), 'demo')
    expect(project.document.demo).toBe(true)
    expect(project.files.map(f => f.relativePath)).toEqual(DEMO_FILES.map(f => f.name))
    for (const track of project.document.tracks) expect(project.files.map(f => f.id)).toContain(track.fileId)
    expect(project.document.tracks).toHaveLength(12)
  })
})
