import { join } from 'node:path'
import type { WorkContext } from '../../../src-shared/job.ts'
import type { SplitResult } from './judge.ts'
import { type RiskPeople, simulatedPeople } from './people.ts'
import type { ClassifyRecipe } from './recipe.ts'
import { PEOPLE_JOURNAL, sheetPeople } from './sheetPeople.ts'

/** The people of a recipe: simulated, or read from the files of a sheet. @throws WorkbenchError as those do */
export const recipePeople = (
  { people, flankBp, caller }: Pick<ClassifyRecipe, 'people' | 'flankBp' | 'caller'>,
  out: string,
  context: WorkContext,
): Promise<RiskPeople> =>
  people.kind === 'simulate'
    ? simulatedPeople(people, flankBp, caller, context)
    : sheetPeople(people, flankBp, caller, context, join(out, PEOPLE_JOURNAL))

export const peopleLine = ({ names, labels, reference, referenceNote }: RiskPeople): string =>
  `${names.length} people, ${labels.reduce((a, b) => a + b, 0)} cases; ${reference.length} bp; ${referenceNote}`

export function splitLine({ split, metrics }: SplitResult): string {
  const auc = metrics.model?.auc
  return `split ${split}: test AUC ${auc?.auc.toFixed(4)} (${auc?.ci95?.map(x => x.toFixed(4)).join('-')}), two SNPs ${metrics['two-snp']?.auc?.auc.toFixed(4)}, optimum on these people ${metrics.optimum?.auc?.auc.toFixed(4) ?? 'unknown'}` // biome-ignore format: one line
}
