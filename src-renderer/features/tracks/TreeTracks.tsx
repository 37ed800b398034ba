import { Button, Checkbox, Menu } from '@mantine/core'
import { IconPlus } from '@tabler/icons-react'
import type { OpenedFile } from '../../../src-shared/genome/files.ts'
import { isPredicted, trackTitle } from '../../state/predictedTracks.ts'
import { useShippedModels } from '../../state/predictions.ts'
import { openFiles } from '../../state/services.ts'
import { useDocument, useSelection, useWorkbench } from '../../state/workbench.ts'
import { openShipped, selectPredicted, setShown } from './trackActions.ts'

/** The predicted tracks of a model, below it in the project tree. */
export function PredictedRows({ file }: { readonly file: OpenedFile }) {
  const tracks = useDocument()
    .tracks.filter(isPredicted)
    .filter(t => t.fileId === file.id)
  const selection = useSelection()
  if (tracks.length === 0 || file.problem) return null
  return (
    <ul className="tree-tracks" aria-label={`Predicted tracks of ${file.name}`}>
      {tracks.map(t => (
        <li key={t.predicted.trackId} className="tree-track">
          <Checkbox
            size="xs"
            aria-label={`Show ${trackTitle(t.predicted)}`}
            checked={t.visible}
            onChange={e => setShown(t, e.currentTarget.checked)}
          />
          <button
            type="button"
            className="track-link"
            title={trackTitle(t.predicted)}
            aria-current={selection.kind === 'track' && selection.trackId === t.predicted.trackId ? 'true' : undefined}
            onClick={() => selectPredicted(t)}
          >
            {trackTitle(t.predicted)}
          </button>
        </li>
      ))}
    </ul>
  )
}

/** The way to a model when none is open yet, and to another one. */
export function AddModel() {
  const ready = useWorkbench(s => s.connection === 'ready')
  const shipped = useShippedModels(ready).data ?? []
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <Button
          variant="subtle"
          size="compact-xs"
          mt={10}
          ml={8}
          color="gray"
          c="var(--ink-soft)"
          leftSection={<IconPlus size={13} />}
        >
          Add a model
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {shipped.length > 0 && <Menu.Label>Comes with the program</Menu.Label>}
        {shipped.map(m => (
          <Menu.Item key={m.id} onClick={() => openShipped(m.id)}>
            {m.name}
            {m.labels.map(l => (
              <span key={l} className="synthetic" style={{ marginLeft: 6 }}>
                {l}
              </span>
            ))}
          </Menu.Item>
        ))}
        {shipped.length > 0 && <Menu.Divider />}
        <Menu.Item onClick={openFiles}>Open a model folder…</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
