import { useEffect } from 'react'
import { type Command, register } from '../../state/commands.ts'
import {
  calibrate,
  labShown,
  leaveLab,
  onPage,
  runRecipe,
  showLab,
  showOverview,
  useLab,
  useLabRecipes,
} from '../../state/lab.ts'
import { useWorkbench } from '../../state/workbench.ts'
import { EXPERIMENT_TEXTS, recipeDuration } from './labText.ts'

/** What can be done in the lab, for the palette and the keyboard. */
export function useLabCommands() {
  // The overview asks for them: a start of the program reads no recipe.
  const recipes = useLabRecipes(false).data
  useEffect(() => {
    const ready = () => useWorkbench.getState().connection === 'ready'
    const commands: Command[] = [
      {
        id: 'lab',
        title: 'Lab: what attention costs here, and what fits',
        group: 'Look up',
        keys: ['e'],
        enabled: ready,
        run: () => {
          if (labShown() && !onPage(useLab.getState())) return leaveLab()
          showOverview()
          showLab()
        },
      },
      {
        id: 'lab-back',
        title: 'Back: from a result to the lab, from the lab to the browser',
        group: 'View',
        keys: ['Escape'],
        enabled: labShown,
        run: () => (onPage(useLab.getState()) ? showOverview() : leaveLab()),
      },
      { id: 'calibrate', title: 'Calibrate: measure the rates of this machine', group: 'Look up', enabled: ready, run: () => { showLab(); calibrate() } }, // biome-ignore format: one line
      { id: 'print-lab', title: 'Print the page of the lab', group: 'View', enabled: () => labShown() && onPage(useLab.getState()), run: () => window.print() }, // biome-ignore format: one line
      ...(recipes ?? []).map(
        (r): Command => ({
          id: `lab-run-${r.id}`,
          title: `Run ${EXPERIMENT_TEXTS[r.experiment].title}: ${r.name} (${recipeDuration(r)})`,
          group: 'Look up',
          enabled: () => labShown() && r.unavailable === null,
          run: () => runRecipe(r.id),
        }),
      ),
    ]
    return register(commands)
  }, [recipes])
}
