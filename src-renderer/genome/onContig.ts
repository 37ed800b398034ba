import { bareContigName } from '../../src-shared/genome/contigs.ts'

/**
 * Whether a view is on the contig that a track without a file is of: such a track gives the name it was asked for as its features. A file
 * may have another alias of it.
 */
export const isOnContig = (features: unknown, contig: string): boolean =>
  Array.isArray(features) && bareContigName(String(features[0])) === bareContigName(contig)
