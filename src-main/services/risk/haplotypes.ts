import { CHR19_LENGTH } from '../../../src-shared/genome/assemblies.ts'
import { sameContig } from '../../../src-shared/genome/contigs.ts'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { RISK_GENE } from '../../domain/cohort/locus.ts'
import type { HaplotypePool } from '../../domain/cohort/variants.ts'
import { openChecked } from '../../readers/checkedFile.ts'
import { linesOf } from '../../readers/textLines.ts'

/** 1-based positions of rs429358 on each build: by them a VCF without lengths in its header tells which build it is of. */
const RS429358 = { GRCh37: 45_411_941, GRCh38: 44_908_684 } as const

/**
 * Phased haplotypes of the substitutions of a VCF that lie on the simulated bases [start, start + letters.length) of GRCh38. Of either build, told
 * by the position of rs429358. Equal haplotypes are counted together.
 * @throws WorkbenchError `bad-input` for genotypes that are not phased or not diploid, with the line; for a file without the two SNPs
 */
export async function readHaplotypes(
  path: string,
  start: number,
  letters: string,
  context: WorkContext,
): Promise<HaplotypePool> {
  const file = await openChecked(path)
  const sites: { offset: number; position: number; id: string; ref: string; alt: string }[] = []
  const columns: Uint8Array[] = []
  let samples = 0
  const bad = (line: number, what: string) => new WorkbenchError('bad-input', `line ${line} of '${path}': ${what}`, 'give a phased VCF of the locus') // biome-ignore format: one line
  try {
    for await (const { lines, first } of linesOf(file, { signal: context.signal, report() {} }))
      lines.forEach((text, i) => {
        if (text === '' || text.startsWith('##')) return
        const fields = text.split('\t')
        if (text.startsWith('#')) {
          samples = Math.max(0, fields.length - 9)
          return
        }
        const [contig = '', position = '', id = '', ref = '', alt = ''] = fields
        if (!sameContig(contig, 'chr19') || ref.length !== 1 || alt.length !== 1 || !/[ACGT]/.test(alt)) return
        const alleles = new Uint8Array(2 * samples)
        for (let s = 0; s < samples; s++) {
          const genotype = (fields[9 + s] ?? '').split(':', 1)[0]!
          const found = /^([01])\|([01])$/.exec(genotype)
          if (!found)
            throw bad(first + i, `genotype '${genotype.slice(0, 20)}' of sample ${s + 1} is not phased 0 and 1`)
          alleles[2 * s] = Number(found[1])
          alleles[2 * s + 1] = Number(found[2])
        }
        sites.push({ offset: 0, position: Number(position), id: id.split(';', 1)[0]!, ref, alt })
        columns.push(alleles)
      })
  } finally {
    await file.close()
  }
  const anchor = sites.find(s => s.id === 'rs429358') ?? sites.find(s => Object.values(RS429358).includes(s.position as never)) // biome-ignore format: one line
  if (!anchor || samples === 0) throw new WorkbenchError('bad-input', `'${path}' has no genotypes at rs429358`, 'give a phased VCF of the locus that holds rs429358 and rs7412') // biome-ignore format: one line
  const build = (['GRCh37', 'GRCh38'] as const).find(b => RS429358[b] === anchor.position)
  if (!build) throw new WorkbenchError('build', `rs429358 stands at ${anchor.position} in '${path}'; GRCh37 (chr19 of ${CHR19_LENGTH.GRCh37} bp) has it at ${RS429358.GRCh37}, GRCh38 at ${RS429358.GRCh38}`, 'give a VCF of one of the two builds') // biome-ignore format: one line
  const shift = RISK_GENE[build].start - RISK_GENE.GRCh38.start
  const kept = sites.map((s, i) => ({ ...s, offset: s.position - 1 - shift - start, column: columns[i]! })).filter(s => s.offset >= 0 && s.offset < letters.length) // biome-ignore format: one line
  const counts = new Map<string, { alleles: Uint8Array; count: number }>()
  for (let h = 0; h < 2 * samples; h++) {
    const alleles = Uint8Array.from(kept, s => s.column[h]!)
    const key = alleles.join('')
    const known = counts.get(key)
    if (known) known.count++
    else counts.set(key, { alleles, count: 1 })
  }
  return {
    source: `${path.split(/[\\/]/).at(-1)}: ${2 * samples} phased haplotypes of ${samples} people over ${kept.length} sites (${build})`,
    sites: kept.map(({ offset, id, ref, alt }) => ({ offset, id: id === '.' ? `site-${offset}` : id, ref, alt })),
    haplotypes: [...counts].sort((a, b) => (a[0] < b[0] ? -1 : 1)).map(([, h]) => h),
  }
}
