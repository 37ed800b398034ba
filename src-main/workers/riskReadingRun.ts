import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { asWorkbenchError, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import { cleaner, type Encoder, encoderOf } from '../domain/cohort/encoding.ts'
import { type ModelReading, readAs } from '../domain/cohort/modelReading.ts'
import type { Panel } from '../domain/cohort/panel.ts'
import { loadTokenizer } from '../domain/tokenizer/tokenizer.ts'
import type { AlignmentFile } from '../readers/alignments.ts'
import { type DiplotypeOfSample, runSampleDiplotype, type SampleDiplotype } from './sampleDiplotypeRun.ts'

/** How a model reads: its tokenizer by path and content, and what of the locus it looks at. */
export interface ModelView {
  readonly tokenizerPath: string
  readonly tokenizerSha256: string
  readonly reference: string
  readonly panel: Panel | null
  readonly uncovered: 'N' | 'reference'
}

/** A sample's diplotype, and the same as a model reads it. */
export interface RiskReading extends ModelReading {
  readonly read: SampleDiplotype
}

/** Encoders of the models in use: a tokenizer takes longer to load than a sample to be cut. */
const KEPT = 2

/** @throws WorkbenchError `bad-model` when the tokenizer's file is another one now, and what reading throws */
export function riskReadings() {
  const encoders = new Map<string, Promise<Encoder>>()
  const encoderFor = (view: ModelView): Promise<Encoder> => {
    const key = createHash('sha256').update(JSON.stringify(view)).digest('hex')
    let found = encoders.get(key)
    if (!found) {
      found = openEncoder(view)
      found.catch(() => encoders.delete(key))
    }
    encoders.delete(key) // the last used stands last
    encoders.set(key, found)
    for (const old of [...encoders.keys()].slice(0, Math.max(0, encoders.size - KEPT))) encoders.delete(old)
    return found
  }
  return async (
    file: AlignmentFile,
    request: DiplotypeOfSample,
    view: ModelView,
    ctx: WorkContext,
  ): Promise<RiskReading> => {
    const encoder = await encoderFor(view)
    const read = await runSampleDiplotype(file, request, ctx)
    const { reference, panel } = view
    return { read, ...readAs(read.text, { reference, hasPanel: panel !== null, flankBp: request.flankBp }, encoder) }
  }
}

async function openEncoder(view: ModelView): Promise<Encoder> {
  const bytes = await readFile(view.tokenizerPath).catch(error => {
    throw asWorkbenchError(error)
  })
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  if (sha256 !== view.tokenizerSha256) throw new WorkbenchError('bad-model', `'${view.tokenizerPath}' has SHA-256 ${sha256.slice(0, 12)}…; it had ${view.tokenizerSha256.slice(0, 12)}… when the model was opened`, 'open the model again') // biome-ignore format: one line
  return encoderOf(loadTokenizer(bytes), cleaner(view.reference, view.panel, view.uncovered))
}
