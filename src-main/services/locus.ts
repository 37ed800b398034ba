import { bareContigName, findContig } from '../../src-shared/genome/contigs.ts'
import type { GeneHit } from '../../src-shared/genome/genes.ts'
import { type Contig, parseLocus } from '../../src-shared/genome/locus.ts'
import type { LocusResolution } from '../../src-shared/ipc/contract.ts'
import { asWorkbenchError, WorkbenchError } from '../../src-shared/ipc/errors.ts'

/** A gene is shown with this share of its length on either side. */
const GENE_MARGIN = 0.1
const MIN_MARGIN_BP = 100

/**
 * What the text of the locus box means: a region of one of `contigs` (1-based, both ends included, commas allowed; one position alone is
 * that position), else a gene by name or identifier. Letter case does not matter. A region wins over a gene of the same name.
 * @throws WorkbenchError `region`, `not-found`
 */
export async function resolveLocus(
  text: string,
  contigs: readonly Contig[],
  searchGenes: (query: string) => Promise<readonly GeneHit[]>,
): Promise<LocusResolution> {
  const wanted = text.trim().replace(/\s+/g, ' ')
  if (wanted === '') throw new WorkbenchError('region', 'nothing was typed', "type a region ('chr19:44905796-44909393') or a gene") // biome-ignore format: one sentence
  const spaced = /^(\S+) ([\d,]+)(?:[ -]([\d,]+))?$/.exec(wanted)
  const region = withContigCase(
    spaced ? `${spaced[1]}:${spaced[2]}${spaced[3] ? `-${spaced[3]}` : ''}` : wanted,
    contigs,
  )
  let failure: WorkbenchError
  try {
    const r = parseLocus(region, contigs)
    const contig = findContig(r.contig, contigs)
    const single = /:[\d,]+$/.test(region) && !contigs.some(c => c.name === region)
    const end = single ? r.start + 1 : r.openEnd ? (contig?.length ?? r.end) : r.end
    return { kind: 'locus', interval: { contig: r.contig, start: r.start, end: Math.max(end, r.start + 1) } }
  } catch (error) {
    failure = asWorkbenchError(error)
  }
  const hits = await searchGenes(wanted)
  const exact = hits.filter(
    h => same(h.name, wanted) || same(h.geneId.replace(/\.\d+$/, ''), wanted.replace(/\.\d+$/, '')),
  )
  const [hit, ...others] = exact.length ? [...exact, ...hits.filter(h => !exact.includes(h))] : hits
  if (!hit) {
    // With digits after a colon it was meant as a region: say what is wrong with that.
    if (/:[\d,]+(-[\d,]*)?$/.test(wanted)) throw failure
    throw new WorkbenchError('not-found', `'${wanted.slice(0, 60)}' is neither a region of the open files nor a gene of the loaded annotation`, "type a region such as 'chr19:44905796-44909393', or open a gene annotation") // biome-ignore format: one sentence
  }
  const contig = findContig(hit.interval.contig, contigs)
  const margin = Math.max(MIN_MARGIN_BP, Math.round((hit.interval.end - hit.interval.start) * GENE_MARGIN))
  return {
    kind: 'gene',
    hit,
    others,
    interval: {
      contig: contig?.name ?? hit.interval.contig,
      start: Math.max(0, hit.interval.start - margin),
      end: Math.min(contig?.length ?? Number.MAX_SAFE_INTEGER, hit.interval.end + margin),
    },
  }
}

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()

/** The text with its contig in the files' own letter case: `CHR19:5-9` -> `chr19:5-9`. */
function withContigCase(text: string, contigs: readonly Contig[]): string {
  const lower = text.toLowerCase()
  const whole = contigs.find(c => c.name.toLowerCase() === lower)
  if (whole) return contigs.some(c => c.name === text) ? text : whole.name
  const m = /^(.+?)(:[\d,]+(?:-[\d,]*)?)$/s.exec(text)
  const name = m?.[1] ?? text
  if (findContig(name, contigs)) return text
  const bare = bareContigName(name).toLowerCase()
  const found =
    contigs.find(c => same(c.name, name)) ?? contigs.find(c => bareContigName(c.name).toLowerCase() === bare)
  return found ? `${found.name}${m?.[2] ?? ''}` : text
}
