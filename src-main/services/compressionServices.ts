import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CompressionMethods } from '../../src-shared/ipc/compressionMethods.ts'
import type { Handlers } from '../../src-shared/ipc/contract.ts'
import { asWorkbenchError, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import {
  type CompressionChoice,
  type CompressionReport,
  type ModelSpectra,
  planCompression,
} from '../../src-shared/lab/compression.ts'
import type { JobCost, JobOutlook } from '../../src-shared/lab/plan.ts'
import type { OpenedFile } from '../../src-shared/openedFile.ts'
import { createCompute } from '../compute/client.ts'
import type { ProcessLauncher } from '../compute/launcher.ts'
import type { ModelRegistry } from '../models/registry.ts'
import { writeFileAtomic } from '../storage/atomic.ts'
import { makeFolders } from '../storage/folders.ts'
import { openFactoriseThread } from '../workers/factoriseClient.ts'
import type { Downloads } from './downloads.ts'
import { newId } from './ids.ts'
import type { Jobs } from './jobs.ts'
import { evaluationRecipeOf } from './lab/compression/evaluationRecipe.ts'
import { makeCompression } from './lab/compression/makeCompression.ts'
import { plannedCompression } from './lab/compression/plannedCompression.ts'
import { reportTsv } from './lab/compression/reportTsv.ts'
import { modelSpectra } from './models/factoriseModel.ts'
import type { OpenModel, OpenModels } from './models/openModels.ts'
import { outlookOf, type PlanJob } from './planner/jobPlanning.ts'
import type { JobRates } from './planner/jobRates.ts'
import { type SharedWork, sharedWork } from './sharedWork.ts'

export interface CompressionParts {
  readonly models: OpenModels
  readonly registry: ModelRegistry
  readonly jobs: Jobs
  readonly downloads: Downloads
  readonly dataDir: string
  /** Where the recipes of the program lie: some judge a model against experiments. */
  readonly recipesDir: string | undefined
  readonly dataFolders: readonly string[]
  readonly threads: number
  readonly launcher?: ProcessLauncher
  readonly open: (path: string) => Promise<OpenedFile>
  /** Of the reference that the project has in use: models that no recipe judges are compared on its windows. */
  readonly referencePath?: () => Promise<string | undefined>
  readonly now: () => number
  readonly plan: PlanJob
  readonly rates: JobRates
}

export interface CompressionAsked {
  readonly modelFileId: string
  readonly choice: CompressionChoice
}

/** Kind of work whose pace tells how long a compression is: the factors and their comparison take as long as the layers of this one model are large. */
const kindOf = ({ json }: OpenModel, { method }: CompressionChoice) =>
  `compression of ${json.id} ${json.weights.sha256.slice(0, 16)} by ${method}`

const REPORT_FILE = 'report.json'
/** Spectra of so many models are kept. */
const KEPT = 8

/** The contract's methods that make models smaller. Each compression is a folder of the data folder: the model, and what was measured. */
export function createCompressionHandlers(parts: CompressionParts): {
  readonly handlers: Pick<Handlers, keyof CompressionMethods>
  outlook(asked: CompressionAsked): Promise<JobOutlook>
} {
  const { models, registry, jobs, downloads, now, plan, rates } = parts
  const root = join(parts.dataDir, 'compressions')
  const folderOf = (id: string) => join(root, id)
  /** The folder's name is what people see of it in a list of files. */
  const modelOf = (id: string, of: string) => join(folderOf(id), `${of.slice(0, 60)}-smaller`)
  const known = new Map<string, SharedWork<ModelSpectra>>()
  /** Whose jobs have not ended. */
  const making = new Set<string>()

  const spectraOf = (model: OpenModel, context: WorkContext): Promise<ModelSpectra> => {
    const found = known.get(model.state)
    if (found) return found.join(context)
    const made = sharedWork(own => withThread(own, thread => modelSpectra(model.folder, registry, own, thread)))
    known.set(model.state, made)
    made.failed.then(() => {
      if (known.get(model.state) === made) known.delete(model.state)
    })
    for (const state of [...known.keys()].slice(0, Math.max(0, known.size - KEPT))) known.delete(state)
    return made.join(context)
  }

  const report = async (id: string): Promise<CompressionReport> => {
    const text = await readFile(join(folderOf(id), REPORT_FILE), 'utf8').catch(() => {
      throw new WorkbenchError('not-found', 'this compression is not there any more', 'make it again')
    })
    return JSON.parse(text) as CompressionReport
  }

  const make = async (id: string, model: OpenModel, choice: CompressionChoice, job: WorkContext) => {
    const recipe = await evaluationRecipeOf(model.json, parts.recipesDir, parts.dataFolders)
    const referencePath = await parts.referencePath?.()
    const out = modelOf(id, model.json.id)
    return withThread(job, factoriser =>
      makeCompression(
        { id, folder: model.folder, out, choice, now: now(), ...(recipe ? { recipe } : {}), ...(referencePath === undefined ? {} : { referencePath }) }, // biome-ignore format: one line
        {
          registry,
          factoriser,
          compute: async () => createCompute({ threads: parts.threads, ...(parts.launcher ? { launcher: parts.launcher } : {}) }), // biome-ignore format: one thought
          threads: parts.threads,
        },
        job,
      ),
    )
  }

  /** What earlier ones of the model took tells all of it; before the first only its runs can be told. */
  const costOf = async (
    model: OpenModel,
    choice: CompressionChoice,
    network: () => Promise<JobCost | undefined>,
  ): Promise<JobCost | undefined> => {
    const [earlier, planned] = await Promise.all([rates.seconds(kindOf(model, choice), 1), network()])
    return earlier === undefined
      ? planned
      : { seconds: earlier, peakBytes: planned?.peakBytes ?? null, basis: 'earlier' }
  }

  return {
    outlook: ({ modelFileId, choice }) =>
      outlookOf(async () => {
        const model = await models.use(modelFileId)
        const cost = await costOf(model, choice, await plannedCompression(plan, model.json))
        const judged = await evaluationRecipeOf(model.json, parts.recipesDir, parts.dataFolders)
        const also = [...(judged ? ['the comparison with experiments'] : []), ...(model.json.risk ? ['drawing the simulated people'] : [])] // biome-ignore format: one line
        const more = `Making the factors${also.map(x => ` and ${x}`).join('')} ${also.length > 0 ? 'come' : 'comes'} on top: known after the first compression of this model.` // biome-ignore format: one line
        return { cost, ...(cost && cost.basis !== 'earlier' ? { note: more } : {}) }
      }),
    handlers: {
      async 'compression.spectra'({ modelFileId }, context) {
        return spectraOf(await models.use(modelFileId), context)
      },
      async 'compression.start'({ modelFileId, choice }, context) {
        const model = await models.use(modelFileId)
        planCompression(await spectraOf(model, context), choice) // a choice that cannot be is refused before a job starts
        const network = await plannedCompression(plan, model.json)
        const id = newId()
        making.add(id)
        let peakBytes: number | undefined
        const job = jobs.start({
          kind: 'compression',
          estimate: costOf(model, choice, network),
          peakBytes: async () => peakBytes,
          title: `Smaller ${model.json.name}`,
          async run(job) {
            const startedAt = now()
            await makeFolders(folderOf(id), 0o700)
            try {
              const report = await make(id, model, choice, job)
              await writeFileAtomic(join(folderOf(id), REPORT_FILE), JSON.stringify(report))
              peakBytes = Math.max(report.before.peakBytes.upper, report.after.peakBytes.upper)
              await rates.learn(kindOf(model, choice), 1, (now() - startedAt) / 1000)
            } catch (error) {
              // Without its report nobody finds the model again.
              await rm(folderOf(id), { recursive: true, force: true }).catch(() => undefined) // the first fault is the one to tell
              throw error
            }
            return id
          },
        })
        void jobs.ended(job.id).then(() => making.delete(id))
        return job
      },
      async 'compression.list'() {
        const ids = await readdir(root).catch(() => [])
        const reports = await Promise.all(ids.map(id => report(id).catch(() => undefined)))
        return reports.filter(r => r !== undefined).sort((a, b) => b.createdAt - a.createdAt)
      },
      'compression.report': ({ compressionId }) => report(compressionId),
      async 'compression.open'({ compressionId }) {
        const { of } = await report(compressionId)
        return parts.open(modelOf(compressionId, of.id))
      },
      async 'compression.remove'({ compressionId }) {
        if (making.has(compressionId)) throw new WorkbenchError('bad-input', 'this compression is being made now', 'cancel its job first') // biome-ignore format: one thought
        await report(compressionId)
        await rm(folderOf(compressionId), { recursive: true, force: true })
        return null
      },
      async 'compression.export'({ compressionId, format }) {
        const made = await report(compressionId)
        const text = format === 'json' ? `${JSON.stringify(made, undefined, 1)}\n` : reportTsv(made)
        return downloads.add({
          name: `${made.model.id}.${format}`,
          contentType: format === 'json' ? 'application/json' : 'text/tab-separated-values',
          bytes: new TextEncoder().encode(text),
        })
      },
    },
  }
}

/** Factorises in a thread that ends with the work. */
async function withThread<T>(
  context: WorkContext,
  work: (thread: ReturnType<typeof openFactoriseThread>) => Promise<T>,
): Promise<T> {
  const thread = openFactoriseThread(context.signal)
  try {
    return await work(thread)
  } catch (error) {
    throw asWorkbenchError(error)
  } finally {
    await thread.close()
  }
}
