import { useEffect } from 'react'
import { type Command, register } from '../../state/commands.ts'
import { isPredicted } from '../../state/predictedTracks.ts'
import { useShippedModels } from '../../state/predictions.ts'
import { openFiles } from '../../state/services.ts'
import { useWorkbench } from '../../state/workbench.ts'
import { openShipped, selectPredicted } from '../tracks/trackActions.ts'

const state = () => useWorkbench.getState()
const models = () => state().files.filter(f => f.role === 'model' && !f.problem)
const tracks = () => state().history.present.tracks.filter(isPredicted)

/** To the next (1) or previous (-1) predicted track, round and round. */
function walkTracks(by: 1 | -1) {
  const all = tracks()
  const { selection } = state().history.present.view
  const at = all.findIndex(t => selection.kind === 'track' && t.predicted.trackId === selection.trackId)
  const next = at < 0 ? (by === 1 ? all[0] : all.at(-1)) : all[(at + by + all.length) % all.length]
  if (next) selectPredicted(next)
}

/** What can be done with models, for the palette and the keyboard. */
export function useModelCommands() {
  const ready = useWorkbench(s => s.connection === 'ready')
  const shipped = useShippedModels(ready).data
  useEffect(() => {
    const commands: Command[] = [
      { id: 'open-model', title: 'Open a model folder…', group: 'Project', run: openFiles },
      ...(shipped ?? []).map(
        (m): Command => ({
          id: `open-shipped-${m.id}`,
          title: `Open the model ${m.name}${m.labels.length > 0 ? ` (${m.labels.join(', ')})` : ''}`,
          group: 'Project',
          run: () => openShipped(m.id),
        }),
      ),
      {
        id: 'choose-tracks',
        title: 'Choose tracks of a model',
        group: 'Look up',
        keys: ['l'],
        enabled: () => models().length > 0,
        run: () => {
          const [first] = models()
          const { selection } = state().history.present.view
          const own = models().find(f => selection.kind === 'track' && f.id === selection.fileId)
          const file = own ?? first
          if (!file) return
          state().select({ kind: 'file', fileId: file.id })
          // After the screen is there.
          setTimeout(() => document.querySelector<HTMLInputElement>('[aria-label="Search tracks"]')?.focus(), 120)
        },
      },
      {
        id: 'next-track',
        title: 'Next predicted track',
        group: 'Look up',
        keys: ['.'],
        enabled: () => tracks().length > 0,
        run: () => walkTracks(1),
      },
      {
        id: 'previous-track',
        title: 'Previous predicted track',
        group: 'Look up',
        keys: [','],
        enabled: () => tracks().length > 0,
        run: () => walkTracks(-1),
      },
    ]
    return register(commands)
  }, [shipped])
}
