import { type Build, buildOf } from '../../../src-shared/genome/assemblies.ts'
import type { Contig } from '../../../src-shared/genome/locus.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'

/** Names that checkpoints and people give to the two human assemblies. */
const ASSEMBLIES: Readonly<Record<string, Build>> = {
  grch37: 'GRCh37',
  hg19: 'GRCh37',
  grch38: 'GRCh38',
  hg38: 'GRCh38',
}

/** A sentence where the reference is known to be another assembly than the model's tracks are of. */
export function buildCaution({ input }: Pick<ModelJson, 'input'>, contigs: readonly Contig[]): string | undefined {
  const genome = input.type === 'dna' ? input.genome : null
  const build = buildOf(contigs)
  if (build === 'unknown' || genome === null) return undefined
  const trained = ASSEMBLIES[genome.toLowerCase()] ?? genome
  return build === trained ? undefined : `the reference is ${build} and the model's tracks are of ${trained}: its coordinates are not theirs` // biome-ignore format: one thought
}

/** Sentences about bins without a known base and windows that are mostly N. `share`: of unknown bases in what was read, 0 to 1. */
export function unknownCautions(unknown: number, bins: number, share: number): readonly string[] {
  const n = (x: number) => x.toLocaleString('en-US')
  const out: string[] = []
  if (unknown === bins && bins > 0) out.push('no base of the region is known (all N): the values say nothing about it')
  else if (unknown > 0) out.push(`${n(unknown)} of ${n(bins)} bins hold no known base (N, or beyond the contig)`)
  if (share > 0.5) out.push(`${(100 * share).toFixed(0)} % of what the model read is N or beyond the contig`)
  return out
}
