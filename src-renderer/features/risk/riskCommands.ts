import { useEffect } from 'react'
import { exportCohort, startCohort, useCohorts } from '../../state/cohorts.ts'
import { type Command, register } from '../../state/commands.ts'
import { scoreSelected, useRisk } from '../../state/risk.ts'
import { attempt, call, openFiles } from '../../state/services.ts'
import { askTune } from '../../state/tunes.ts'
import { useWorkbench } from '../../state/workbench.ts'

const files = () => useWorkbench.getState().files
const has = (role: 'sample' | 'cohort' | 'model') => files().some(f => f.role === role && !f.problem)
const sheet = () =>
  files().find(f => f.id === useCohorts.getState().fileId) ?? files().find(f => f.role === 'cohort' && !f.problem)

/** The sheet on the screen with the model in use. */
const withCohort = (run: (subject: { readonly fileId: string; readonly modelFileId: string }) => void) =>
  attempt(async () => {
    const models = await call('risk.models', {})
    const model = models.find(m => m.fileId === useRisk.getState().modelFileId) ?? models[0]
    const file = sheet()
    if (file && model) run({ fileId: file.id, modelFileId: model.fileId })
    else useWorkbench.getState().notify('info', 'Open a sample sheet and a risk model first')
  })

/** What risk scores add to the palette and the keys. */
export function useRiskCommands() {
  useEffect(() => {
    const commands: readonly Command[] = [
      { id: 'open-sheet', title: 'Open a sample sheet…', group: 'Project', run: openFiles },
      {
        id: 'risk-score',
        title: 'Risk score of the selected sample',
        group: 'Look up',
        keys: ['r'],
        enabled: () => has('sample') && has('model'),
        run: () => attempt(scoreSelected),
      },
      {
        id: 'cohort',
        title: 'Table and curves of the cohort',
        group: 'Look up',
        keys: ['c'],
        enabled: () => has('cohort'),
        run: () => {
          const file = sheet()
          if (file) useWorkbench.getState().select({ kind: 'file', fileId: file.id })
          useWorkbench.getState().showPlots('cohort')
        },
      },
      {
        id: 'cohort-start',
        title: 'Score the cohort, or go on where it stopped',
        group: 'Look up',
        enabled: () => has('cohort') && has('model'),
        run: () => withCohort(subject => startCohort(subject)),
      },
      {
        id: 'tune',
        title: 'Fine-tune a risk model on the people of the cohort…',
        group: 'Look up',
        enabled: () => has('cohort'),
        run: () => {
          const file = sheet()
          if (!file) return
          useWorkbench.getState().select({ kind: 'file', fileId: file.id })
          askTune(file.id)
        },
      },
      {
        id: 'tune-plots',
        title: 'Trainings: curves and figures',
        group: 'Look up',
        enabled: () => has('cohort'),
        run: () => useWorkbench.getState().showPlots('training'),
      },
      ...(['tsv', 'json'] as const).map(
        (format): Command => ({
          id: `cohort-${format}`,
          title: `Save the scores of the cohort as ${format.toUpperCase()}`,
          group: 'Project',
          enabled: () => has('cohort') && has('model'),
          run: () => withCohort(subject => exportCohort(subject, format)),
        }),
      ),
    ]
    return register(commands)
  }, [])
}
