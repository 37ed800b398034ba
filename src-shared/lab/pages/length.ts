import type { PageBuilder } from '../pages.ts'
import { checkValues } from './checkValues.ts'
import { lengthAnswer } from './lengthAnswer.ts'
import { gainGrid, lengthFigures } from './lengthFigures.ts'
import { isSingle, settingsOf } from './lengthSettings.ts'
import { pointTable, reportTable } from './lengthTables.ts'
import { lengthVerdicts } from './lengthVerdicts.ts'
import { MEASURES } from './lengthWords.ts'
import { resultNotes } from './measured.ts'

/** Memory and time of Enformer and S-Enformer against length: figures 1 to 3 of the S-Enformer report, done again. */
export const lengthPage: PageBuilder = results => {
  checkValues(results, [['lengthBp'], ['job', 'attention', 'width', 'layers']])
  const [first] = results
  const settings = settingsOf(first)
  return {
    question:
      'What does attention cost as DNA gets longer, where does full attention stop fitting, and from which length is block-sparse attention smaller and faster?',
    answer: lengthAnswer(settings),
    verdicts: settings.flatMap(lengthVerdicts),
    figures: [
      ...settings.filter(s => !isSingle(s)).flatMap(s => lengthFigures(s, results)),
      ...MEASURES.map(m => gainGrid(settings, m)),
    ],
    tables: [reportTable(settings), ...settings.map(pointTable)],
    notes: resultNotes(results),
  }
}
