import type { Interval } from '../../../src-shared/genome/interval.ts'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { VariantSite } from '../../../src-shared/ipc/scanMethods.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import type { FileRegistry } from '../files.ts'

/** Samples whose genotypes are read; a cohort's are too many to be marked beside a scan. */
const MAX_SAMPLES = 4
const MAX_SITES = 2000

/**
 * Variants of an open VCF that overlap an interval. With genotypes of up to four samples: one entry for each sample that has an alternative
 * allele; of a file without samples, or with more: one entry a variant.
 * @throws WorkbenchError as the reader does; `wrong-type` when the file is no VCF
 */
export async function variantSites(
  files: FileRegistry,
  { fileId, interval }: { readonly fileId: string; readonly interval: Interval },
  context: WorkContext,
): Promise<readonly VariantSite[]> {
  const entry = await files.use(fileId)
  if (entry.role !== 'variants') throw new WorkbenchError('wrong-type', `'${entry.path}' is not a VCF`, 'choose a VCF')
  const { openVariants } = await import('../../readers/variants.ts')
  const file = await openVariants(entry.readPath, context)
  try {
    const samples = file.samples.length <= MAX_SAMPLES ? file.samples : []
    const found: VariantSite[] = []
    for (const sample of samples.length > 0 ? samples : [undefined]) {
      const rows = await file.region(interval, context, {
        limit: MAX_SITES,
        ...(sample === undefined ? {} : { sample }),
      })
      for (let i = 0; i < rows.count; i++) {
        const alleles = [rows.references[i]!, ...rows.alternatives[i]!]
        const { genotypes } = rows
        const carried = genotypes ? [genotypes.first[i]!, genotypes.second[i]!].slice(0, genotypes.ploidy[i]!) : []
        if (genotypes && !carried.some(a => a > 0)) continue
        found.push({
          position: rows.starts[i]!,
          id: rows.ids[i]!,
          ref: rows.references[i]!,
          alternatives: rows.alternatives[i]!,
          sample: sample ?? null,
          genotype: carried.map(a => (a < 0 ? '.' : (alleles[a] ?? '.'))),
        })
      }
    }
    return found
  } finally {
    await file.close()
  }
}
