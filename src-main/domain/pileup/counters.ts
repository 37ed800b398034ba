import type { PileupColumns } from '../../../src-shared/genome/pileup.ts'

/** Counters of one column: five letters and insertions hold counts; deletions, skips and segments hold differences to the column before. */
export const LANE = { a: 0, c: 1, g: 2, t: 3, n: 4, ins: 5, del: 6, refskip: 7 } as const
const LANE_BITS = 3
const PAGE_BITS = 12
/** Columns of a page: a page of counters is 128 KB, which stays in the processor's cache while reads go over it. */
export const PAGE = 1 << PAGE_BITS
const IN_PAGE = PAGE - 1

interface Page {
  readonly lanes: Int32Array
  readonly segments: Int32Array
}

/**
 * Takes finished columns, from left to right. `lanes[cell + LANE.a]` to `LANE.ins` hold the counts of the letters and of insertions and are read before
 * it returns. Returns the column's depth.
 */
export interface ColumnSink {
  column(position: number, segments: number, del: number, refskip: number, lanes: Int32Array, cell: number): number
}

/** Sums over the columns that were emitted. */
export interface ColumnTotals {
  segments: number
  depth: number
}

/**
 * Counters over the columns of a region, in pages that exist only where a read has touched them: a skip of a million bases
 * costs two edits. Columns are emitted from left to right and then forgotten.
 */
export class Counters {
  private readonly pages = new Map<number, Page>()
  private spare: Page[] = []
  /** The page asked for last: reads of one place ask for the same one again and again. */
  private lastNumber = -1
  private lastPage: Page = NO_PAGE
  private next: number
  private segments = 0
  private del = 0
  private refskip = 0
  readonly totals: ColumnTotals = { segments: 0, depth: 0 }

  /** Columns [start, end) are counted and handed to the sink. */
  constructor(
    private readonly sink: ColumnSink,
    readonly start: number,
    readonly end: number,
  ) {
    this.next = start
  }

  /** The first column that was not emitted yet. */
  get pending(): number {
    return this.next
  }

  private page(number: number): Page {
    return number === this.lastNumber ? this.lastPage : this.turnTo(number)
  }

  private turnTo(number: number): Page {
    let page = this.pages.get(number)
    if (!page) {
      page = this.spare.pop() ?? { lanes: new Int32Array(PAGE << LANE_BITS), segments: new Int32Array(PAGE) }
      this.pages.set(number, page)
    }
    this.lastNumber = number
    this.lastPage = page
    return page
  }

  /** Letter and insertion counters of the page that holds column `position`; its cell is `cellOf(position)`. */
  lanesAt(position: number): Int32Array {
    return this.page(position >> PAGE_BITS).lanes
  }

  /** A read is in columns [from, to). */
  cover(from: number, to: number): void {
    const begin = Math.max(from, this.start)
    const stop = Math.min(to, this.end)
    if (begin >= stop) return
    const first = this.page(begin >> PAGE_BITS).segments
    first[begin & IN_PAGE] = first[begin & IN_PAGE]! + 1
    if (stop === this.end) return
    const last = this.page(stop >> PAGE_BITS).segments
    last[stop & IN_PAGE] = last[stop & IN_PAGE]! - 1
  }

  /** Adds `by` to a counter of one column; outside the region nothing happens. Says how many columns were changed. */
  add(position: number, lane: number, by: number): number {
    if (position < this.start || position >= this.end) return 0
    const lanes = this.lanesAt(position)
    const cell = cellOf(position) + lane
    lanes[cell] = lanes[cell]! + by
    return 1
  }

  /** Adds `by` to `del` or `refskip` of columns [from, to). Says how many columns of the region these are. */
  addGap(from: number, to: number, lane: 6 | 7, by: number): number {
    const begin = Math.max(from, this.start)
    const stop = Math.min(to, this.end)
    if (begin >= stop) return 0
    const first = this.lanesAt(begin)
    const a = cellOf(begin) + lane
    first[a] = first[a]! + by
    if (stop < this.end) {
      const last = this.lanesAt(stop)
      const b = cellOf(stop) + lane
      last[b] = last[b]! - by
    }
    return stop - begin
  }

  /**
   * Emits the covered columns left of `position`, which no later read may touch, but not many more than `budget` of them;
   * false when some are left.
   */
  flush(position: number, budget: number): boolean {
    const stop = Math.min(position, this.end)
    let left = budget
    while (this.next < stop) {
      if (left <= 0) return false
      const number = this.next >> PAGE_BITS
      const pageEnd = (number + 1) * PAGE
      const until = Math.min(stop, pageEnd)
      const page = this.pages.get(number)
      if (page) {
        left -= this.emitPage(page, this.next, until)
        if (until === pageEnd) this.release(number, page)
      } else if (this.segments > 0) {
        for (let p = this.next; p < until; p++) this.emit(p, EMPTY, 0)
        left -= until - this.next
      } else if (this.pages.size === 0) {
        this.next = stop
        break
      }
      this.next = until
    }
    return true
  }

  private emitPage(page: Page, from: number, to: number): number {
    const { lanes, segments } = page
    let emitted = 0
    for (let p = from; p < to; p++) {
      const cell = cellOf(p)
      this.segments += segments[p & IN_PAGE]!
      this.del += lanes[cell + LANE.del]!
      this.refskip += lanes[cell + LANE.refskip]!
      if (this.segments > 0) {
        this.emit(p, lanes, cell)
        emitted++
      }
    }
    return emitted
  }

  private emit(position: number, lanes: Int32Array, cell: number): void {
    this.totals.segments += this.segments
    this.totals.depth += this.sink.column(position, this.segments, this.del, this.refskip, lanes, cell)
  }

  private release(number: number, page: Page): void {
    this.pages.delete(number)
    if (number === this.lastNumber) this.lastNumber = -1
    page.lanes.fill(0)
    page.segments.fill(0)
    if (this.spare.length < 8) this.spare.push(page)
  }

  /** As `flush`, for all that is left to the end of the region. */
  finish(budget: number): boolean {
    let last = this.next
    for (const number of this.pages.keys()) last = Math.max(last, (number + 1) * PAGE)
    if (!this.flush(last, budget)) return false
    // A read that reaches past the region's end leaves no mark there.
    return this.segments === 0 || this.flush(this.end, budget)
  }
}

const NO_PAGE: Page = { lanes: new Int32Array(0), segments: new Int32Array(0) }
const EMPTY = new Int32Array(1 << LANE_BITS)

/** Index of a column's first counter within its page. */
export const cellOf = (position: number): number => (position & IN_PAGE) << LANE_BITS

/** Collects columns into chunks, each with arrays of its own. */
export class ChunkBuilder implements ColumnSink {
  private columns: PileupColumns
  private count = 0

  constructor(
    private readonly contig: string,
    private readonly deliver: (columns: PileupColumns) => void,
    private readonly size = 8192,
  ) {
    this.columns = newColumns(contig, size)
  }

  column(position: number, segments: number, del: number, refskip: number, lanes: Int32Array, cell: number): number {
    const i = this.count++
    const to = this.columns
    const a = lanes[cell]!
    const c = lanes[cell + 1]!
    const g = lanes[cell + 2]!
    const t = lanes[cell + 3]!
    const n = lanes[cell + 4]!
    const depth = a + c + g + t + n + del + refskip
    to.positions[i] = position
    to.segments[i] = segments
    to.depth[i] = depth
    to.a[i] = a
    to.c[i] = c
    to.g[i] = g
    to.t[i] = t
    to.n[i] = n
    to.del[i] = del
    to.refskip[i] = refskip
    to.ins[i] = lanes[cell + LANE.ins]!
    if (this.count === this.size) this.flush()
    return depth
  }

  /** Delivers what is collected. */
  flush(): void {
    if (this.count === 0) return
    const full = this.columns
    const chunk = this.count === this.size ? full : mapColumns(full, array => array.slice(0, this.count))
    this.columns = newColumns(this.contig, this.size)
    this.count = 0
    this.deliver(chunk)
  }
}

/** Names of the number columns, in the order of the table. */
export const COLUMN_FIELDS = ['positions', 'segments', 'depth', 'a', 'c', 'g', 't', 'n', 'del', 'refskip', 'ins'] as const // biome-ignore format: one line

/** The same columns with each array replaced. */
export function mapColumns(columns: PileupColumns, change: (array: Int32Array) => Int32Array): PileupColumns {
  const arrays = Object.fromEntries(COLUMN_FIELDS.map(field => [field, change(columns[field])]))
  return { contig: columns.contig, ...(arrays as Record<(typeof COLUMN_FIELDS)[number], Int32Array>) }
}

/** Columns of zeros. */
export function newColumns(contig: string, length: number): PileupColumns {
  const ints = () => new Int32Array(length)
  return { contig, positions: ints(), segments: ints(), depth: ints(), a: ints(), c: ints(), g: ints(), t: ints(), n: ints(), del: ints(), refskip: ints(), ins: ints() } // biome-ignore format: one line
}
