import type { PileupColumns } from '../../../src-shared/genome/pileup.ts'
import { type ColumnSink, LANE } from './counters.ts'

/** First line of the pileup table. */
export const TABLE_HEADER = 'contig\tpos\tsegments\tdepth\tA\tC\tG\tT\tN\tdel\trefskip\tins\n'

/** Ten digits and a separator. */
const FIELD_BYTES = 11
const FIELDS = 11
const TAB = 9
const NEWLINE = 10
const ZERO = 48

/**
 * Writes the rows of the pileup table as UTF-8 text: `contig`, 1-based `pos`, then the counts. Digits go straight into a byte
 * buffer; a buffer that is full is handed to `deliver`.
 */
export class TableWriter implements ColumnSink {
  /** `name TAB digits of the 1-based position`, kept and counted up, since rows mostly follow each other. */
  private readonly prefix: Uint8Array
  private readonly digitsAt: number
  private prefixEnd: number
  private shown = -1
  private readonly rowBytes: number
  private readonly numbers = new Int32Array(FIELDS - 1)
  private buffer: Uint8Array
  private at = 0

  constructor(
    contig: string,
    private readonly deliver: (text: Uint8Array) => void,
    private readonly bufferBytes = 128 * 1024,
  ) {
    const name = new TextEncoder().encode(`${contig}\t`)
    this.prefix = new Uint8Array(name.length + FIELD_BYTES)
    this.prefix.set(name)
    this.digitsAt = name.length
    this.prefixEnd = name.length
    this.rowBytes = name.length + FIELDS * FIELD_BYTES + 1
    this.buffer = new Uint8Array(Math.max(bufferBytes, this.rowBytes))
  }

  column(position: number, segments: number, del: number, refskip: number, lanes: Int32Array, cell: number): number {
    if (this.at + this.rowBytes > this.buffer.length) this.flush()
    const { buffer, prefix } = this
    this.show(position + 1)
    let at = this.at
    for (let k = 0; k < this.prefixEnd; k++) buffer[at++] = prefix[k]!
    const a = lanes[cell]!
    const c = lanes[cell + 1]!
    const g = lanes[cell + 2]!
    const t = lanes[cell + 3]!
    const n = lanes[cell + 4]!
    const depth = a + c + g + t + n + del + refskip
    const { numbers } = this
    numbers[0] = segments
    numbers[1] = depth
    numbers[2] = a
    numbers[3] = c
    numbers[4] = g
    numbers[5] = t
    numbers[6] = n
    numbers[7] = del
    numbers[8] = refskip
    numbers[9] = lanes[cell + LANE.ins]!
    at = fields(buffer, at, numbers)
    buffer[at++] = NEWLINE
    this.at = at
    return depth
  }

  /** Puts the digits of a position into the prefix. */
  private show(value: number): void {
    const { prefix } = this
    const last = this.prefixEnd - 1
    if (value === this.shown + 1 && last >= this.digitsAt && prefix[last]! < ZERO + 9) prefix[last] = prefix[last]! + 1
    else this.prefixEnd = digits(prefix, this.digitsAt, value)
    this.shown = value
  }

  /** Delivers what is written. */
  flush(): void {
    if (this.at === 0) return
    const full = this.buffer.subarray(0, this.at)
    this.buffer = new Uint8Array(Math.max(this.bufferBytes, this.rowBytes))
    this.at = 0
    this.deliver(full)
  }
}

function fields(buffer: Uint8Array, from: number, numbers: Int32Array): number {
  let at = from
  for (let k = 0; k < numbers.length; k++) {
    const value = numbers[k]!
    buffer[at++] = TAB
    if (value < 10) buffer[at++] = ZERO + value
    else if (value < 100) {
      const tens = (value * 103) >> 10 // value / 10, exact below 179
      buffer[at++] = ZERO + tens
      buffer[at++] = ZERO + value - 10 * tens
    } else at = digits(buffer, at, value)
  }
  return at
}

/** Writes a whole number of at most ten digits; returns the place after it. */
function digits(buffer: Uint8Array, at: number, value: number): number {
  let count = 1
  for (let limit = 10; count < 10 && value >= limit; limit *= 10) count++
  let left = value
  for (let k = at + count - 1; k >= at; k--) {
    const tenth = Math.floor(left / 10)
    buffer[k] = ZERO + left - 10 * tenth
    left = tenth
  }
  return at + count
}

/** The same rows from columns that are at hand. */
export function tableRows(columns: PileupColumns): Uint8Array {
  const parts: Uint8Array[] = []
  const writer = new TableWriter(columns.contig, text => parts.push(text))
  const lanes = new Int32Array(8)
  for (let i = 0; i < columns.positions.length; i++) {
    lanes[LANE.a] = columns.a[i]!
    lanes[LANE.c] = columns.c[i]!
    lanes[LANE.g] = columns.g[i]!
    lanes[LANE.t] = columns.t[i]!
    lanes[LANE.n] = columns.n[i]!
    lanes[LANE.ins] = columns.ins[i]!
    writer.column(columns.positions[i]!, columns.segments[i]!, columns.del[i]!, columns.refskip[i]!, lanes, 0)
  }
  writer.flush()
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
