import type { ReceptiveField } from '../../../src-shared/genome/scan.ts'
import type { ExportedFile } from '../../../src-shared/ipc/contract.ts'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { FieldRequest } from '../../../src-shared/ipc/scanMethods.ts'
import type { JobSnapshot } from '../../../src-shared/job.ts'
import type { JobOutlook } from '../../../src-shared/lab/plan.ts'
import { windowGeometry } from '../../analyses/predict.ts'
import { fieldPasses, fieldPositions, fieldSequences } from '../../analyses/receptiveField.ts'
import type { Compute } from '../../compute/client.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import type { Downloads } from '../downloads.ts'
import { newId } from '../ids.ts'
import type { Jobs } from '../jobs.ts'
import type { OpenModel } from '../models/openModels.ts'
import { outlookOf, type PlanJob, type PlannedJob, together } from '../planner/jobPlanning.ts'
import { fieldJson, measureField } from './fieldRun.ts'
import { referenceOf, type SubjectParts } from './scanSubject.ts'

export interface FieldServiceParts extends Pick<SubjectParts, 'files' | 'engines' | 'models'> {
  readonly jobs: Jobs
  readonly downloads: Downloads
  readonly compute: () => Promise<Compute>
  readonly plan: PlanJob
  readonly registry: ModelRegistry
  readonly version: string
}

export interface Fields {
  outlook(request: FieldRequest): Promise<JobOutlook>
  start(request: FieldRequest): Promise<{ fieldId: string; job: JobSnapshot }>
  /** @throws WorkbenchError `not-found` until the job is done, and when it was long ago */
  get(fieldId: string): readonly ReceptiveField[]
  export(fieldId: string): ExportedFile
}

/** A map of 9 x 2,048 bins is 100 kB. */
const KEPT = 20

/** Receptive-field maps as jobs; the last ones stay in memory. */
export function createFields(parts: FieldServiceParts): Fields {
  const kept = new Map<string, readonly ReceptiveField[]>()
  const get = (fieldId: string) => {
    const found = kept.get(fieldId)
    if (!found) throw new WorkbenchError('not-found', 'this map is not there (yet, or any more)', 'wait for its job, or measure again') // biome-ignore format: one thought
    return found
  }
  /** @throws WorkbenchError for a model without bins, or one that will not fit */
  const planned = async ({ modelFileId, compareFileId, protocol, sequences, seed }: FieldRequest) => {
    const models: OpenModel[] = []
    const plans: { readonly job: PlannedJob; readonly passes: number }[] = []
    for (const id of compareFileId === undefined ? [modelFileId] : [modelFileId, compareFileId]) {
      const model = await parts.models.use(id)
      const { windowBp } = windowGeometry(model.json)
      const passes = fieldPasses(fieldSequences(protocol, fieldPositions(windowBp), sequences, seed))
      plans.push({ job: await parts.plan({ json: model.json, work: 'inference' }), passes })
      models.push(model)
    }
    return {
      models,
      cost: async () => together(await Promise.all(plans.map(({ job, passes }) => job.cost(passes)))),
      // They share a process.
      peakBytes: () => plans[0]!.job.peakBytes(),
    }
  }
  return {
    outlook: request => outlookOf(async () => ({ cost: await (await planned(request)).cost() })),
    async start(request) {
      const { protocol, sequences, seed, source, referenceFileId } = request
      const { models, cost, peakBytes } = await planned(request)
      if (source === 'reference' && referenceFileId === undefined) throw new WorkbenchError('no-reference', 'real sequence needs a reference', 'open one, or use random sequence') // biome-ignore format: one thought
      const file = source === 'reference' ? await referenceOf(parts, referenceFileId!) : undefined
      const reference = file && {
        contigs: file.contigs,
        sequence: (contig: string, start: number, end: number, options?: { signal?: AbortSignal }) => file.sequence(contig, start, end, options?.signal ?? new AbortController().signal), // biome-ignore format: one line
      }
      const fieldId = newId()
      const job = parts.jobs.start({
        kind: 'field',
        estimate: cost(),
        peakBytes,
        title: `Receptive field of ${models.map(m => m.json.name).join(' and ')}`,
        async run(context) {
          const compute = await parts.compute()
          const fields: ReceptiveField[] = []
          for (const [i, model] of models.entries()) {
            await model.verify(context)
            const run = { folder: model.folder, json: model.json, protocol, sequences, seed, load: {}, ...(reference ? { reference } : {}) } // biome-ignore format: one line
            const phase = models.length > 1 ? `measuring ${i + 1} of ${models.length}` : 'measuring'
            fields.push(await measureField(run, compute, parts.registry, { signal: context.signal, report: p => context.report({ ...p, phase }) })) // biome-ignore format: one call
          }
          kept.set(fieldId, fields)
          for (const old of [...kept.keys()].slice(0, -KEPT)) kept.delete(old)
          return fieldId
        },
      })
      return { fieldId, job }
    },
    get,
    export(fieldId) {
      const fields = get(fieldId)
      const document = { program: `Diploscope ${parts.version}`, researchUseOnly: true, fields: fields.map(fieldJson) }
      const bytes = new TextEncoder().encode(`${JSON.stringify(document)}\n`)
      return parts.downloads.add({ name: 'receptive-field.json', contentType: 'application/json', bytes })
    },
  }
}
