import { join } from 'node:path'
import type { AttributionBins, ScanMethods, VariantSite } from '../../src-shared/ipc/scanMethods.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import type { JobOutlook } from '../../src-shared/lab/plan.ts'
import type { Downloads } from './downloads.ts'
import type { Engines } from './engines.ts'
import type { FileRegistry } from './files.ts'
import type { Emit } from './hub.ts'
import type { Jobs } from './jobs.ts'
import type { ModelServices } from './modelServices.ts'
import { attributionOf } from './mutate/attributionRun.ts'
import { createFields, type Fields } from './mutate/fieldService.ts'
import { createNetworkCache, type NetworkCache } from './mutate/networkCache.ts'
import { createScans, type Scans } from './mutate/scanService.ts'
import { createScanStore } from './mutate/scanStore.ts'
import { scanSubject } from './mutate/scanSubject.ts'
import { createVariantTables, type VariantTables } from './mutate/variantService.ts'
import { variantSites } from './mutate/variantSites.ts'
import { outlookOf } from './planner/jobPlanning.ts'
import type { JobRates } from './planner/jobRates.ts'

/** All that is about mutations: scans, attribution, receptive fields, tables of variants. */
export interface ScanServices {
  readonly scans: Scans
  readonly fields: Fields
  readonly variants: VariantTables
  readonly networks: NetworkCache
  attribution(args: ScanMethods['attribution.bins']['args'], context: WorkContext): Promise<AttributionBins>
  attributionOutlook(asked: { readonly modelFileId: string }): Promise<JobOutlook>
  sites(args: ScanMethods['variants.sites']['args'], context: WorkContext): Promise<readonly VariantSite[]>
  close(): Promise<void>
}

export interface ScanServicesOptions {
  readonly files: FileRegistry
  readonly engines: Engines
  readonly jobs: Jobs
  readonly downloads: Downloads
  readonly models: ModelServices
  readonly dataDir: string
  readonly version: string
  readonly emit: Emit
  readonly now: () => number
  readonly fault: (error: unknown) => void
  readonly rates: JobRates
}

export function createScanServices(options: ScanServicesOptions): ScanServices {
  const { files, engines, jobs, downloads, dataDir, version, emit, now, fault, rates } = options
  const { models, backgrounds, compute, registry, plan } = options.models
  const networks = createNetworkCache({
    now,
    heldBytes: async () => (await (await compute()).stats()).rssBytes,
  })
  const shared = {
    files,
    engines,
    models,
    backgrounds,
    jobs,
    downloads,
    compute,
    registry,
    networks,
    plan,
    now,
    version,
  }
  return {
    scans: createScans({
      ...shared,
      rates,
      store: createScanStore(join(dataDir, 'scans')),
      tell: progress => emit('scan.changed', progress),
      fault,
    }),
    fields: createFields(shared),
    variants: createVariantTables({
      ...shared,
      folder: join(dataDir, 'variant-tables'),
      tell: progress => emit('variants.changed', progress),
    }),
    networks,
    attributionOutlook: ({ modelFileId }) =>
      outlookOf(async () => {
        const { json } = await models.use(modelFileId)
        return { cost: await (await plan({ json, work: 'gradient' })).cost(1) }
      }),
    async attribution({ channels, interval, ...files }, context) {
      const { json } = await models.use(files.modelFileId)
      await plan({ json, work: 'gradient' }) // refuses what will not fit
      const output = { kind: 'interval', interval } as const
      const request = { ...files, interval, channels, groupMean: true, output, score: 'sad' } as const
      return attributionOf(await scanSubject(request, shared, context), { compute, registry, networks }, context)
    },
    sites: (args, context) => variantSites(files, args, context),
    close: () => networks.close(),
  }
}
