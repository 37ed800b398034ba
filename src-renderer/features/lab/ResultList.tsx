import { Button, Checkbox, Modal } from '@mantine/core'
import { IconAlertTriangle, IconFileImport, IconTrash } from '@tabler/icons-react'
import { useMemo, useRef, useState } from 'react'
import type { LabResultLine } from '../../../src-shared/ipc/labMethods.ts'
import { exportResult, importResults, removeResult, resumeResult, showResult, tick, useLab } from '../../state/lab.ts'
import { type Column, DataTable } from '../../ui/DataTable.tsx'
import { DownloadIcon, IconButton, Section, SmallButton } from '../../ui/parts.tsx'
import { EXPERIMENT_TEXTS, lineName, machineName, machineText, stateText } from './labText.ts'

/** What was measured before, here and elsewhere. */
export function ResultList({ lines }: { readonly lines: readonly LabResultLine[] }) {
  const checked = useLab(s => s.checked)
  const [removing, setRemoving] = useState<LabResultLine>()
  const chosen = lines.filter(l => checked.has(l.id))
  const [first, ...others] = chosen
  const sameQuestion = chosen.every(l => l.experiment === first?.experiment)
  const columns = useMemo(() => columnsOf(setRemoving), [])
  return (
    <Section
      title="Results"
      testId="lab-results"
      actions={
        <>
          {first && others.length > 0 && sameQuestion && (
            <Button
              size="compact-xs"
              variant="light"
              onClick={() =>
                showResult(
                  first.id,
                  others.map(l => l.id),
                )
              }
            >
              Compare {chosen.length} results
            </Button>
          )}
          <ImportButton />
        </>
      }
    >
      {chosen.length > 1 && !sameQuestion && (
        <p className="note">Only results of one experiment can be compared: their figures have the same axes.</p>
      )}
      {lines.length === 0 ? (
        <div className="empty">
          Nothing was measured yet. Run an experiment above, or import a result (JSON) that another machine saved: drop
          it anywhere in this window.
        </div>
      ) : (
        <DataTable caption="Results of the lab" columns={columns} rows={lines} maxHeight={420} />
      )}
      <Modal
        opened={removing !== undefined}
        onClose={() => setRemoving(undefined)}
        title="Remove this result?"
        size={460}
      >
        {removing && (
          <>
            <p style={{ marginTop: 0 }}>
              {EXPERIMENT_TEXTS[removing.experiment].title}: {lineName(removing)}. Its {removing.done} measured points
              are deleted from this machine. Save it as JSON first if you may want it again.
            </p>
            <div className="lab-actions">
              <Button variant="default" data-autofocus onClick={() => setRemoving(undefined)}>
                Keep it
              </Button>
              <Button
                color="red"
                onClick={() => {
                  removeResult(removing.id)
                  setRemoving(undefined)
                }}
              >
                Remove
              </Button>
            </div>
          </>
        )}
      </Modal>
    </Section>
  )
}

/** Results of other machines, by a file dialog; a drop does the same. */
export function ImportButton() {
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <input
        ref={input}
        type="file"
        accept=".json,application/json"
        multiple
        hidden
        data-testid="lab-import"
        onChange={e => {
          importResults([...(e.currentTarget.files ?? [])])
          // The same file may be chosen again.
          e.currentTarget.value = ''
        }}
      />
      <Button
        size="compact-xs"
        variant="default"
        leftSection={<IconFileImport size={13} />}
        onClick={() => input.current?.click()}
      >
        Import a result…
      </Button>
    </>
  )
}

function columnsOf(remove: (line: LabResultLine) => void): readonly Column<LabResultLine>[] {
  return [
    {
      id: 'compare',
      title: 'Compare',
      about: 'Tick several results of one experiment to see them in the same figures',
      value: l => l.id,
      show: l => <Tick line={l} />,
    },
    {
      id: 'experiment',
      title: 'Experiment',
      value: l => EXPERIMENT_TEXTS[l.experiment].title,
      show: l => (
        <button type="button" className="link" aria-label={`Open ${lineName(l)}`} onClick={() => showResult(l.id)}>
          {EXPERIMENT_TEXTS[l.experiment].title}
        </button>
      ),
    },
    { id: 'recipe', title: 'Recipe', value: l => l.recipeName },
    {
      id: 'machine',
      title: 'Machine',
      value: l => machineName(l.machine),
      show: l => (
        <span title={machineText(l.machine)}>
          {machineName(l.machine)} {l.imported && <span className="tag">imported</span>}
        </span>
      ),
    },
    {
      id: 'when',
      title: 'Started',
      value: l => l.startedAt,
      show: l => new Date(l.startedAt).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' }),
    },
    {
      id: 'points',
      title: 'Points',
      align: 'right',
      value: l => l.done,
      show: l => (
        <>
          {l.done} of {l.total}
        </>
      ),
    },
    {
      id: 'state',
      title: 'State',
      value: l => stateText[l.state],
      show: l => (
        <span className="lab-state">
          {l.state === 'partial' && <IconAlertTriangle size={13} aria-hidden="true" />}
          {stateText[l.state]}
          {l.state === 'partial' && !l.imported && (
            <Button
              size="compact-xs"
              variant="subtle"
              aria-label={`Resume ${lineName(l)}`}
              onClick={() => resumeResult(l.id)}
            >
              Resume
            </Button>
          )}
        </span>
      ),
    },
    {
      id: 'files',
      title: 'Save',
      value: () => null,
      show: l => (
        <span className="lab-state">
          {(['json', 'tsv'] as const).map(format => (
            <SmallButton
              key={format}
              label={`Save ${lineName(l)} as ${format.toUpperCase()}`}
              text={format.toUpperCase()}
              {...(format === 'json' ? { icon: <DownloadIcon /> } : {})}
              onClick={() => exportResult(l.id, format)}
            />
          ))}
          <IconButton label={`Remove ${lineName(l)}`} disabled={l.jobId !== null} onClick={() => remove(l)}>
            <IconTrash size={14} />
          </IconButton>
        </span>
      ),
    },
  ]
}

function Tick({ line }: { readonly line: LabResultLine }) {
  const on = useLab(s => s.checked.has(line.id))
  return (
    <Checkbox
      size="xs"
      aria-label={`Compare ${lineName(line)}`}
      checked={on}
      onChange={e => tick(line.id, e.currentTarget.checked)}
    />
  )
}
