import {
  type Check,
  fields,
  id,
  integer,
  interval,
  list,
  nothing,
  oneOf,
  optional,
  pileupOptions,
  position,
  text,
} from './checks.ts'
import { COMPRESSION_ARGUMENTS } from './compressionArguments.ts'
import type { Args, Method } from './contract.ts'
import { LAB_ARGUMENTS } from './labArguments.ts'
import { MODEL_ARGUMENTS } from './modelArguments.ts'
import { OUTLOOK_ARGUMENTS } from './outlookArguments.ts'
import { projectDocument } from './projectChecks.ts'
import { RISK_ARGUMENTS } from './riskArguments.ts'
import { SCAN_ARGUMENTS } from './scanArguments.ts'
import { TUNE_ARGUMENTS } from './tuneArguments.ts'

const fileId = fields({ fileId: id })
const jobId = fields({ jobId: id })
const build = oneOf('auto', 'GRCh37', 'GRCh38')

/** The run-time check of every method's arguments. A method without one does not compile. */
export const ARGUMENTS: { readonly [M in Method]: (value: unknown) => Args<M> } = {
  'app.info': nothing,
  'app.devices': nothing,
  'files.browse': fields<{ folderId?: string }>({ folderId: optional(id) as Check<string> }),
  'files.open': fields({ entryIds: list(id, 1000) }),
  'files.recent': nothing,
  'files.openRecent': fields({ recentId: id }),
  'files.close': fileId,
  'files.refresh': fileId,
  'files.buildIndex': fileId,
  'project.current': nothing,
  'project.save': fields({ document: projectDocument }),
  'project.new': nothing,
  'project.demo': nothing,
  'project.open': fileId,
  'project.export': nothing,
  'reference.sequence': fields({ fileId: id, interval }),
  'genes.search': fields({ query: text(200), limit: integer(1, 200) }),
  'genes.range': fields({ fileId: id, interval }),
  'locus.resolve': fields({ text: text(1000) }),
  'reads.first': fileId,
  'coverage.bins': fields({ fileId: id, interval, bins: integer(1, 20_000), options: pileupOptions }),
  'diplotype.range': fields({ fileId: id, interval, caller: oneOf('robust', 'top2') }),
  'position.report': fields({ fileId: id, contig: text(1000), position, options: pileupOptions }),
  'apoe.report': fields({ fileId: id, build }),
  'apoe.export': fields({ fileId: id, build, format: oneOf('html', 'json', 'pdf') }),
  'jobs.list': nothing,
  'jobs.cancel': jobId,
  'jobs.markRead': jobId,
  ...COMPRESSION_ARGUMENTS,
  ...LAB_ARGUMENTS,
  ...MODEL_ARGUMENTS,
  ...OUTLOOK_ARGUMENTS,
  ...RISK_ARGUMENTS,
  ...SCAN_ARGUMENTS,
  ...TUNE_ARGUMENTS,
}
