import type { Handlers } from '../../src-shared/ipc/contract.ts'
import type { ScanMethods } from '../../src-shared/ipc/scanMethods.ts'
import type { ScanServices } from './scanServices.ts'

/** The contract's methods about mutations: routing only. */
export function createScanHandlers(services: ScanServices): Pick<Handlers, keyof ScanMethods> {
  const { scans, fields, variants } = services
  return {
    'scan.start': ({ request }, context) => scans.start(request, context),
    'scan.get': ({ scanId }) => scans.get(scanId),
    async 'scan.focus'({ scanId, position }) {
      await scans.focus(scanId, position)
      return null
    },
    'scan.profile': ({ scanId, ...at }, context) => scans.profile(scanId, at, context),
    'scan.verify': ({ scanId, cells }, context) => scans.verify(scanId, cells, context),
    'scan.list': () => scans.list(),
    'scan.resume': ({ scanId }, context) => scans.resume(scanId, context),
    async 'scan.close'({ scanId }) {
      await scans.close(scanId)
      return null
    },
    'scan.export': ({ scanId }) => scans.export(scanId),
    'attribution.bins': (args, context) => services.attribution(args, context),
    'field.start': args => fields.start(args),
    'field.get': async ({ fieldId }) => fields.get(fieldId),
    'field.export': async ({ fieldId }) => fields.export(fieldId),
    'variants.sites': (args, context) => services.sites(args, context),
    'variants.start': args => variants.start(args),
    'variants.rows': async args => variants.rows(args),
    'variants.export': ({ tableId, format }, context) => variants.export(tableId, format, context),
  }
}
