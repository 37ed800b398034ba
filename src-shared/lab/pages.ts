import type { LabPage } from './page.ts'
import { compressionPage } from './pages/compression.ts'
import { effectPage } from './pages/effect.ts'
import { lengthPage } from './pages/length.ts'
import { lowRankPage } from './pages/lowRank.ts'
import { sparseParityPage } from './pages/sparseParity.ts'
import type { ExperimentName, LabResult } from './result.ts'

/** Makes the page of some results of one experiment: the first is the one that was asked for, the others are compared with it. */
export type PageBuilder = (results: readonly [LabResult, ...LabResult[]]) => LabPage

/** The page of every experiment: a file in pages/ and a line here. */
export const PAGES: Readonly<Partial<Record<ExperimentName, PageBuilder>>> = {
  length: lengthPage,
  'low-rank': lowRankPage,
  effect: effectPage,
  compression: compressionPage,
  'sparse-parity': sparseParityPage,
}
