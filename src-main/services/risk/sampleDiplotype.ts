import type { WorkContext } from '../../../src-shared/job.ts'
import { openAlignments } from '../../readers/alignments.ts'
import { sampleDiplotype } from '../../workers/pileupClient.ts'
import { type DiplotypeOfSample, runSampleDiplotype, type SampleDiplotype } from '../../workers/sampleDiplotypeRun.ts'

export type { SampleDiplotype } from '../../workers/sampleDiplotypeRun.ts'

export interface SampleRequest extends DiplotypeOfSample {
  readonly path: string
  readonly indexPath?: string | undefined
  /** For CRAM. */
  readonly referencePath?: string | undefined
}

/** Reads the diplotype of one sample: here, or in a thread; the answer is the same. */
export type ReadSample = (request: SampleRequest, context: WorkContext) => Promise<SampleDiplotype>

/**
 * Opens an alignment file and reads the diplotype of the gene with its flanks, in this thread: what a short command does.
 * @throws WorkbenchError `build` (unknown, contradicted), and what opening and reading throw
 */
export const readSampleDiplotype: ReadSample = async (request, context) => {
  const file = await openAlignments(request.path, sourceOf(request))
  try {
    return await runSampleDiplotype(file, request, context)
  } finally {
    await file.close()
  }
}

/** The same in the threads that count, for a program that must go on answering meanwhile: reading and calling take some 20 ms a sample. */
export const readSampleInThread: ReadSample = (request, context) => {
  const { build = 'auto', flankBp, calling } = request
  return sampleDiplotype({ path: request.path, ...sourceOf(request), request: { build, flankBp, calling } }, context)
}

const sourceOf = ({ referencePath, indexPath }: SampleRequest) => ({
  ...(referencePath ? { reference: referencePath } : {}),
  ...(indexPath ? { index: indexPath } : {}),
})
