import type { EffectScore, VariantEffect } from '../../../src-shared/genome/scan.ts'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { VariantRecord } from '../../readers/variantStream.ts'
import { shortest } from '../predict/predictionFiles.ts'

export type VariantFormat = 'tsv' | 'vcf'

/** @throws WorkbenchError `wrong-usage` for another ending */
export function variantFormat(path: string): VariantFormat {
  if (/\.vcf$/i.test(path)) return 'vcf'
  if (/\.(tsv|txt)$/i.test(path)) return 'tsv'
  throw new WorkbenchError('wrong-usage', `'${path}' ends in neither .tsv nor .vcf`, 'choose the format by the ending')
}

/** What every table of variants says of itself. */
export interface VariantTableFacts {
  readonly model: string
  readonly score: EffectScore
  readonly mean: boolean
  readonly labels: readonly string[]
}

/** Lines of the TSV: `window` is what the model read, 1-based with both ends, which may lie beyond the contig. */
export const variantTsvHeader = ({ labels }: VariantTableFacts): string =>
  `${['contig', 'pos', 'id', 'ref', 'alt', 'state', 'detail', 'window', ...labels].join('\t')}\n`

export function variantTsvRow(
  row: VariantEffect,
  window: { readonly start: number; readonly end: number },
  columns: number,
): string {
  const values = row.state === 'scored' ? row.effects.map(v => shortest(Math.fround(v))) : new Array<string>(columns).fill('') // biome-ignore format: one choice
  const shown = row.state === 'scored' ? `${row.contig}:${window.start + 1}-${window.end}` : ''
  return `${[row.contig, row.position + 1, row.id || '.', row.ref, row.alt, row.state, row.detail, shown, ...values].join('\t')}\n`
}

/** INFO keys of the columns: letters, digits, points and underscores only (VCF 4.3, 1.4.2), each once. */
export function infoKeys(labels: readonly string[]): readonly string[] {
  const used = new Set<string>()
  return labels.map(label => {
    const plain = `DSP_${label.replace(/[^A-Za-z0-9_.]+/g, '_')}`
    let key = plain
    for (let n = 2; used.has(key); n++) key = `${plain}_${n}`
    used.add(key)
    return key
  })
}

/** The file's own header with lines for what is added, before its line of columns. */
export function variantVcfHeader(header: readonly string[], facts: VariantTableFacts): string {
  const quoted = (text: string) => text.replace(/["\\]/g, "'").replace(/\s+/g, ' ')
  const what = `${facts.score}${facts.mean ? ' (mean over bins)' : ''}`
  const keys = infoKeys(facts.labels)
  const added = [
    '##INFO=<ID=DSP_STATE,Number=A,Type=String,Description="Diploscope: scored, or why an allele has no effect. Research use only">',
    ...keys.map((key, i) => `##INFO=<ID=${key},Number=A,Type=Float,Description="Effect (${what}) on ${quoted(facts.labels[i]!)} by ${quoted(facts.model)}">`), // biome-ignore format: one line a track
  ]
  return `${[...header.slice(0, -1), ...added, header.at(-1)!].join('\n')}\n`
}

/** A record with its alleles' effects in INFO. A line that is no variant stays as it is. */
export function variantVcfRow(record: VariantRecord, rows: readonly VariantEffect[], keys: readonly string[]): string {
  if (record.problem !== undefined) return `${record.line}\n`
  const fields = record.line.split('\t')
  const added = [
    `DSP_STATE=${rows.map(r => r.state).join(',')}`,
    ...keys.map((key, t) => `${key}=${rows.map(r => (r.state === 'scored' ? shortest(Math.fround(r.effects[t]!)) : '.')).join(',')}`), // biome-ignore format: one line a track
  ].join(';')
  fields[7] = fields[7] === '.' || fields[7] === '' ? added : `${fields[7]};${added}`
  return `${fields.join('\t')}\n`
}
