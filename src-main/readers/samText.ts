import { type RecordBatch, recordCigar, recordName, recordQualities, recordSequence } from '../domain/pileup/record.ts'

/** For tests: the first eleven fields of each record as SAM text, to be compared with `samtools view`. */
export function samLines(batch: RecordBatch, contigs: readonly { readonly name: string }[]): string[] {
  return Array.from({ length: batch.count }, (_, i) => {
    const [contig, mate] = [batch.contigs[i]!, batch.mateContigs[i]!]
    const qualities = recordQualities(batch, i)
    const quality = qualities.length === 0 || qualities.every(q => q === 255) ? '*' : String.fromCharCode(...qualities.map(q => q + 33)) // biome-ignore format: one choice
    return [
      recordName(batch, i),
      batch.flags[i],
      contigs[contig]?.name ?? '*',
      batch.starts[i]! + 1,
      batch.mappingQualities[i],
      recordCigar(batch, i),
      mate < 0 ? '*' : mate === contig ? '=' : contigs[mate]?.name,
      batch.mateStarts[i]! + 1,
      batch.templateLengths[i],
      recordSequence(batch, i),
      quality,
    ].join('\t')
  })
}
