import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SIMULATED_LABEL } from '../../../src-shared/genome/risk.ts'
import type { TuneResult } from '../../../src-shared/genome/tune.ts'
import { CARD_FILE } from '../../models/folder/modelJson.ts'
import type { RiskReport } from './report.ts'
import type { TuneFacts } from './tuneFolders.ts'

/** What must be said beside everything of a training. */
export function cautionsOf(
  { simulated, cases, controls, settings }: TuneFacts,
  report: RiskReport | undefined,
): string[] {
  const people = cases + controls
  return [
    simulated
      ? `${SIMULATED_LABEL[0]!.toUpperCase()}${SIMULATED_LABEL.slice(1)}.`
      : `Research use only: a score fitted on ${people} people of one sheet. It is no diagnosis, and of people unlike them it says nothing.`,
    ...(report?.startNote ? [report.startNote] : []),
    ...(settings.splits > 1 ? [`Its ${settings.splits} splits are of the same people: not independent.`] : []), // biome-ignore format: one line
  ]
}

/** What a finished training has written of itself. */
export async function resultOf(folder: string, report: RiskReport | undefined): Promise<TuneResult | null> {
  if (!report) return null
  return {
    splits: report.splits.map(s => ({ ...s, confusion: s.confusion ?? null })),
    optimum: report.optimum,
    regionBp: report.regionBp,
    panelSites: report.panelSites,
    card: await readFile(join(folder, CARD_FILE), 'utf8').catch(() => ''),
  }
}
