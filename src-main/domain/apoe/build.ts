import { type Build, CHR19_LENGTH } from '../../../src-shared/genome/assemblies.ts'
import { bareContigName } from '../../../src-shared/genome/contigs.ts'
import { type Contig, someNames } from '../../../src-shared/genome/locus.ts'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'

export interface BuildChoice {
  readonly build: Build
  /** False when the header's length of chromosome 19 is that of neither build. */
  readonly confirmed: boolean
  /** Names of chromosome 19 in the header that fit the build: usually one; `19` and `chr19` where a header has both. */
  readonly contigs: readonly string[]
}

const isBuild = (text: string): text is Build => text === 'GRCh37' || text === 'GRCh38'
const bp = (n: number) => `${n.toLocaleString('en-US')} bp`
const KNOWN_LENGTHS = `GRCh37 has ${bp(CHR19_LENGTH.GRCh37)}, GRCh38 ${bp(CHR19_LENGTH.GRCh38)}`

/**
 * The genome build, from the header's length of chromosome 19 alone (never from the reads), checked against what the user asked for.
 * @throws WorkbenchError `build` when the header contradicts the build asked for, or tells none and none was given;
 * `not-found` when there is no chromosome 19.
 */
export function chooseBuild(contigs: readonly Contig[], asked: Build | 'auto'): BuildChoice {
  const nineteens = contigs.filter(c => bareContigName(c.name) === '19')
  if (nineteens.length === 0) {
    throw new WorkbenchError(
      'build',
      `no chromosome 19 (chr19, 19, NC_000019) in the header; it has ${someNames(contigs)}`,
      'use a file of human reads that has it',
    )
  }
  const told = nineteens.map(c => ({
    name: c.name,
    length: c.length,
    build: (Object.keys(CHR19_LENGTH).filter(isBuild) as Build[]).find(b => CHR19_LENGTH[b] === c.length),
  }))
  const shown = told.map(c => `'${c.name}' ${bp(c.length)}`).join(', ')
  const builds = [...new Set(told.flatMap(c => c.build ?? []))]
  if (asked === 'auto') {
    const [build] = builds
    if (!build)
      throw new WorkbenchError('build', `chromosome 19 has an unknown length (${shown}); ${KNOWN_LENGTHS}`, 'give --build GRCh37 or --build GRCh38 if you know it') // biome-ignore format: one line
    if (builds.length > 1)
      throw new WorkbenchError('build', `the header names chromosome 19 of both builds (${shown})`, 'give --build GRCh37 or --build GRCh38') // biome-ignore format: one line
    return { build, confirmed: true, contigs: told.filter(c => c.build === build).map(c => c.name) }
  }
  const fitting = told.filter(c => c.build === asked)
  if (fitting.length > 0) return { build: asked, confirmed: true, contigs: fitting.map(c => c.name) }
  if (builds.length > 0)
    throw new WorkbenchError('build', `--build ${asked} was given, but the header's chromosome 19 is that of ${builds.join(' and ')} (${shown})`, `leave --build out, or give --build ${builds[0]}`) // biome-ignore format: one line
  return { build: asked, confirmed: false, contigs: told.map(c => c.name) }
}

/** Of several names for chromosome 19, the one with reads in the gene; the first where they tie. */
export function chooseContig(readsByContig: readonly { readonly contig: string; readonly reads: number }[]): {
  contig: string
  note: string | undefined
} {
  const [first, ...rest] = readsByContig
  if (!first) throw new RangeError('chooseContig needs at least one contig')
  if (rest.length === 0) return { contig: first.contig, note: undefined }
  const best = rest.reduce((a, b) => (b.reads > a.reads ? b : a), first)
  const others = readsByContig.filter(c => c !== best)
  const listed = others.map(c => `'${c.contig}' (${c.reads.toLocaleString('en-US')})`).join(', ')
  const why =
    best.reads > 0 ? `it has most reads in the gene (${best.reads.toLocaleString('en-US')})` : 'none has reads in the gene and it comes first' // biome-ignore format: one choice
  const note = `The header names chromosome 19 more than once; '${best.contig}' was used because ${why}; not used: ${listed}.`
  return { contig: best.contig, note }
}
