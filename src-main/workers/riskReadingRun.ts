import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { asWorkbenchError, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import { cleaner, type Encoder, encoderOf } from '../domain/cohort/encoding.ts'
import { type ModelReading, type ReadingRules, readAs } from '../domain/cohort/modelReading.ts'
import type { Panel } from '../domain/cohort/panel.ts'
import { snpEncoder } from '../domain/cohort/snpModel.ts'
import { loadTokenizer } from '../domain/tokenizer/tokenizer.ts'
import type { LogisticFeatures } from '../models/logistic.ts'
import type { AlignmentFile } from '../readers/alignments.ts'
import { type DiplotypeOfSample, runSampleDiplotype, type SampleDiplotype } from './sampleDiplotypeRun.ts'

/** How a model reads: its tokenizer by path and content, and what of the locus it looks at; or the two SNPs alone. */
export type ModelView = { readonly reference: string; readonly flankBp: number } & (
  | {
      readonly kind: 'tokens'
      readonly tokenizerPath: string
      readonly tokenizerSha256: string
      readonly panel: Panel | null
      readonly uncovered: 'N' | 'reference'
    }
  | { readonly kind: 'snps'; readonly features: LogisticFeatures }
)

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
    return { read, ...readAs(read.text, rulesOf(view), encoder) }
  }
}

/** What of a view decides what is read at all. */
export const rulesOf = (view: ModelView): ReadingRules => ({
  reference: view.reference,
  flankBp: view.flankBp,
  hasPanel: view.kind === 'tokens' && view.panel !== null,
  snpsOnly: view.kind === 'snps',
})

async function openEncoder(view: ModelView): Promise<Encoder> {
  if (view.kind === 'snps') return snpEncoder(view.reference, view.flankBp, view.features)
  const bytes = await readFile(view.tokenizerPath).catch(error => {
    throw asWorkbenchError(error)
  })
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  if (sha256 !== view.tokenizerSha256) throw new WorkbenchError('bad-model', `'${view.tokenizerPath}' has SHA-256 ${sha256.slice(0, 12)}…; it had ${view.tokenizerSha256.slice(0, 12)}… when the model was opened`, 'open the model again') // biome-ignore format: one line
  return encoderOf(loadTokenizer(bytes), cleaner(view.reference, view.panel, view.uncovered))
}
