import { formatPosition } from '../../src-shared/genome/locus.ts'
import { throwIfCancelled, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import { BASE_SET, isAmbiguous, NOT_A_BASE } from '../domain/corpus/bases.ts'
import { fixedCalls, type Overlay, type Ploidy } from '../domain/corpus/fixed.ts'
import { type AmbiguousBases, hardyWeinberg } from '../domain/corpus/hardyWeinberg.ts'
import { type PlanOptions, planSentences, type SentencePlan } from '../domain/corpus/plan.ts'
import { SiteCollector, type SiteTable } from '../domain/corpus/sites.ts'
import { MAX_CHARACTER_BYTES, writeLine } from '../domain/corpus/text.ts'
import { growingInt32, growingUint8 } from '../domain/tokenizer/train/growing.ts'
import { type ContigSequence, openContig } from '../readers/contigSpool.ts'
import { readSites, type SiteReport, type SiteRequest } from './corpusVariants.ts'

export interface CorpusRequest {
  readonly reference: string
  /** Without variants the sentences are the reference's. */
  readonly variants?: SiteRequest
  readonly contig: string
  readonly plan: PlanOptions
  readonly sample: 'fixed' | 'hardy-weinberg'
  readonly ploidy: Ploidy
}

export interface CorpusReport {
  readonly contig: string
  readonly contigLength: number
  /** 0-based half-open: from the first known base to the last. */
  readonly start: number
  readonly end: number
  readonly passes: number
  /** Sentences before the draw. */
  readonly available: number
  readonly sentences: number
  readonly symbols: number
  readonly heterozygousSymbols: number
  readonly bytes: number
  /** Bases at the ends of passes that are in no sentence. */
  readonly leftOver: number
  /** Letters of the reference that may be one of several bases. */
  readonly ambiguousBases: number
  readonly sites: number
  /** Positions at which a site may show something else than the reference. */
  readonly variedPositions: number
  readonly variants?: SiteReport
}

/** Bases of the reference in memory at a time. */
const PIECE = 4 * 1024 * 1024
/** Symbols of finished sentences in memory at a time, three bytes each at most. */
const CHUNK_SYMBOLS = 16 * 1024 * 1024

/**
 * Writes the sentences of a contig, one a line, in UTF-8. The reference is read in pieces and sentences are written in chunks, so memory does not
 * grow with the contig, but for the tables of sites and of sentences. Same request, same bytes.
 * @throws WorkbenchError `not-found`, `bad-input`, `corrupt`, `build`, `cancelled`, and what reading and writing throw
 */
export async function runCorpus(
  request: CorpusRequest,
  context: WorkContext,
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<CorpusReport> {
  const contig = await openContig(request.reference, request.contig, context)
  try {
    const scan = await scanContig(contig, context)
    const sites = request.variants && (await readSites(request.variants, contig, context))
    const table = sites?.table ?? new SiteCollector().finish(false)
    const plan = planSentences(scan.end - scan.start, request.plan)
    const { seed } = request.plan
    const longest = plan.lengths.reduce((a, b) => Math.max(a, b), 0)
    const fixed = request.sample === 'fixed'
    const overlay = fixed ? fixedCalls(table, request.ploidy) : hardyWeinberg(table, scan.ambiguous, request.ploidy, seed, longest) // biome-ignore format: one choice
    const written = await writeSentences(contig, scan.start, plan, overlay, context, write)
    return {
      contig: contig.name,
      contigLength: contig.length,
      start: scan.start,
      end: scan.end,
      passes: request.plan.passes,
      available: plan.available,
      sentences: plan.starts.length,
      ...written,
      leftOver: plan.leftOver,
      ambiguousBases: scan.ambiguous.positions.length,
      sites: table.count,
      variedPositions: variedPositions(table),
      ...(sites ? { variants: sites.report } : {}),
    }
  } finally {
    await contig.close()
  }
}

interface Scan {
  readonly start: number
  readonly end: number
  readonly ambiguous: AmbiguousBases
}

/** Goes through the letters once: where the known bases begin and end, and which may be several. */
async function scanContig(contig: ContigSequence, context: WorkContext): Promise<Scan> {
  const positions = growingInt32()
  const sets = growingUint8()
  let start = -1
  let end = 0
  for (let from = 0; from < contig.length; from += PIECE) {
    throwIfCancelled(context.signal)
    context.report({ phase: 'looking through the reference', done: from, total: contig.length })
    const letters = await contig.bytes(from, Math.min(contig.length, from + PIECE))
    for (let i = 0; i < letters.length; i++) {
      const set = BASE_SET[letters[i]!]!
      if (set === 0) continue
      if (set === NOT_A_BASE)
        throw new WorkbenchError('bad-input', `the reference has '${String.fromCharCode(letters[i]!)}' at ${formatPosition(contig.name, from + i)}, which is no nucleotide`, 'give a reference of A C G T N and IUPAC letters', { position: from + i + 1 }) // biome-ignore format: one line
      if (start < 0) start = from + i
      end = from + i + 1
      if (isAmbiguous(set)) {
        positions.push(from + i)
        sets.push(set)
      }
    }
  }
  if (start < 0) throw new WorkbenchError('bad-input', `contig '${contig.name}' has no known base (${contig.length.toLocaleString('en-US')} letters, all N)`, 'give a contig with sequence') // biome-ignore format: one line
  return {
    start,
    end,
    ambiguous: { positions: positions.data.slice(0, positions.length), sets: sets.data.slice(0, sets.length) },
  }
}

/** Chunk by chunk in the order of the plan; within a chunk sentences are made in the order of the contig, so that it is read forwards. */
async function writeSentences(
  contig: ContigSequence,
  origin: number,
  plan: SentencePlan,
  overlay: Overlay,
  context: WorkContext,
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<{ symbols: number; heterozygousSymbols: number; bytes: number }> {
  const window = new Window(contig, overlay.codeOfSet)
  const total = plan.starts.length
  let symbols = 0
  let heterozygousSymbols = 0
  let bytes = 0
  let text = new Uint8Array()
  let gathered = new Uint8Array()
  for (let first = 0; first < total; ) {
    let last = first
    let held = 0
    while (last < total && (last === first || held + plan.lengths[last]! <= CHUNK_SYMBOLS))
      held += plan.lengths[last++]!
    const room = held * MAX_CHARACTER_BYTES + (last - first)
    if (text.length < room) text = new Uint8Array(room)
    const order = Uint32Array.from({ length: last - first }, (_, i) => first + i)
    const inOrder = order.every((one, i) => i === 0 || plan.starts[one - 1]! <= plan.starts[one]!)
    if (!inOrder) order.sort((a, b) => plan.starts[a]! - plan.starts[b]! || a - b)
    const begins = new Uint32Array(last - first)
    const ends = new Uint32Array(last - first)
    let at = 0
    for (const [i, one] of order.entries()) {
      throwIfCancelled(context.signal)
      if (i % 1024 === 0) context.report({ phase: 'writing sentences', done: first + i, total })
      const start = origin + plan.starts[one]!
      const end = start + plan.lengths[one]!
      if (!window.holds(start, end)) await window.move(start, end)
      const codes = window.codes(start, end)
      overlay.apply(codes, start, plan.passes[one]!)
      begins[one - first] = at
      const line = writeLine(codes, text, at)
      heterozygousSymbols += line.heterozygous
      at = ends[one - first] = line.end
    }
    if (inOrder) await write(text.subarray(0, at))
    else {
      if (gathered.length < at) gathered = new Uint8Array(room)
      let to = 0
      for (let i = 0; i < last - first; i++) {
        gathered.set(text.subarray(begins[i], ends[i]), to)
        to += ends[i]! - begins[i]!
      }
      await write(gathered.subarray(0, at))
    }
    symbols += held
    bytes += at
    first = last
  }
  return { symbols, heterozygousSymbols, bytes }
}

/** A stretch of the reference as codes. */
class Window {
  private start = 0
  private held = new Uint8Array()
  private copy = new Uint8Array()
  constructor(
    private readonly contig: ContigSequence,
    private readonly codeOfSet: Uint8Array,
  ) {}

  holds(start: number, end: number): boolean {
    return start >= this.start && end <= this.start + this.held.length
  }

  async move(start: number, end: number): Promise<void> {
    const letters = await this.contig.bytes(start, Math.min(this.contig.length, Math.max(end, start + PIECE)))
    if (this.held.length !== letters.length) this.held = new Uint8Array(letters.length)
    for (let i = 0; i < letters.length; i++) this.held[i] = this.codeOfSet[BASE_SET[letters[i]!]!]!
    this.start = start
  }

  /** A copy that may be written to; good until the next call. */
  codes(start: number, end: number): Uint8Array {
    if (this.copy.length < end - start) this.copy = new Uint8Array(end - start)
    const codes = this.copy.subarray(0, end - start)
    codes.set(this.held.subarray(start - this.start, end - this.start))
    return codes
  }
}

function variedPositions(table: SiteTable): number {
  let positions = 0
  let reached = 0
  for (let i = 0; i < table.count; i++) {
    positions += Math.max(0, table.ends[i]! - Math.max(reached, table.starts[i]!))
    reached = Math.max(reached, table.ends[i]!)
  }
  return positions
}
