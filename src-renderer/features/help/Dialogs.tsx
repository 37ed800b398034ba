import { Button, Modal, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { toWire } from '../../../src-shared/ipc/errors.ts'
import { allCommands, type Command, showKey } from '../../state/commands.ts'
import { call } from '../../state/services.ts'
import { useDocument, useWorkbench } from '../../state/workbench.ts'
import { ErrorCard } from '../../ui/parts.tsx'

const GROUPS: readonly Command['group'][] = ['Move', 'Look up', 'View', 'Project', 'Help']

/** Every key, from the table that the keyboard itself uses. */
export function KeySheet() {
  const open = useWorkbench(s => s.dialog === 'keys')
  const show = useWorkbench(s => s.show)
  const extra: Readonly<Partial<Record<Command['group'], readonly (readonly [string, string])[]>>> = {
    Move: [
      ['Enter', 'In the genome browser: set the position cursor, then open its position'],
      ['← → (Shift: ×10)', 'Move the position cursor'],
      ['Esc', 'Put the position cursor away'],
    ],
  }
  return (
    <Modal opened={open} onClose={() => show('none')} title="Keys" size={720}>
      <div style={{ columns: 2, columnGap: 28 }}>
        {GROUPS.map(group => {
          const commands = open ? allCommands().filter(c => c.group === group && c.keys) : []
          if (commands.length === 0) return null
          return (
            <section key={group} style={{ breakInside: 'avoid', marginBottom: 12 }}>
              <h3 className="group-title" style={{ margin: '0 0 4px' }}>
                {group}
              </h3>
              {commands.map(c => (
                <div key={c.id} style={{ display: 'flex', justifyContent: 'space-between', gap: 10, padding: '2px 0' }}>
                  <span>{c.title}</span>
                  <span>
                    {c.keys?.map((k, i) => (
                      <span key={k}>
                        {i > 0 && ' or '}
                        <kbd>{showKey(k)}</kbd>
                      </span>
                    ))}
                  </span>
                </div>
              ))}
              {extra[group]?.map(([key, text]) => (
                <div key={key} style={{ display: 'flex', justifyContent: 'space-between', gap: 10, padding: '2px 0' }}>
                  <span>{text}</span>
                  <kbd style={{ alignSelf: 'start' }}>{key}</kbd>
                </div>
              ))}
            </section>
          )
        })}
      </div>
    </Modal>
  )
}

export function About() {
  const open = useWorkbench(s => s.dialog === 'about')
  const show = useWorkbench(s => s.show)
  const info = useWorkbench(s => s.info)
  return (
    <Modal opened={open} onClose={() => show('none')} title="About Diploscope" size={600}>
      <p style={{ marginTop: 0 }}>
        Reads, APOE reports and sequence models at the locus. Research use only: not a diagnosis, not for treatment
        decisions. Nothing leaves this machine.
      </p>
      {info && (
        <dl className="facts">
          <dt>Version</dt>
          <dd>{info.version}</dd>
          <dt>Window</dt>
          <dd>{info.host === 'electron' ? 'desktop' : 'browser, served from this machine'}</dd>
          {Object.entries(info.versions).map(([name, version]) => (
            <div key={name} style={{ display: 'contents' }}>
              <dt>{name}</dt>
              <dd className="num">{version}</dd>
            </div>
          ))}
        </dl>
      )}
      <Devices />
    </Modal>
  )
}

/** What models can run on here: tried on demand, since a trial starts the compute process. */
function Devices() {
  const [asked, ask] = useState(false)
  const trial = useQuery({
    queryKey: ['devices'],
    queryFn: ({ signal }) => call('app.devices', {}, signal),
    enabled: asked,
  })
  if (!asked)
    return (
      <Button variant="default" size="compact-sm" mt="md" onClick={() => ask(true)}>
        Try the devices that models run on
      </Button>
    )
  if (trial.isPending) return <p role="status">Running a small network on each device…</p>
  if (trial.error) return <ErrorCard error={toWire(trial.error)} />
  return (
    <table className="data" style={{ marginTop: 16 }} data-testid="devices">
      <caption className="soft" style={{ whiteSpace: 'normal', textAlign: 'start' }}>
        Each ran a small network, and its numbers were compared with the processor’s.
      </caption>
      <thead>
        <tr>
          <th scope="col">Device</th>
          <th scope="col">Works</th>
          <th scope="col">Finding</th>
        </tr>
      </thead>
      <tbody>
        {trial.data.map(d => (
          <tr key={d.device}>
            <td>{d.device}</td>
            <td>{d.works ? 'yes' : 'no'}</td>
            <td style={{ whiteSpace: 'normal', overflowWrap: 'anywhere' }}>{d.reason}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

export function Rename() {
  const open = useWorkbench(s => s.dialog === 'rename')
  const { show, change } = useWorkbench.getState()
  const current = useDocument().name
  const [name, setName] = useState<string | null>(null)
  const close = () => {
    setName(null)
    show('none')
  }
  const submit = () => {
    const next = name?.trim()
    if (next) change('Rename', d => (d.name === next ? d : { ...d, name: next }))
    close()
  }
  return (
    <Modal opened={open} onClose={close} title="Name of the project" size={400}>
      <form
        onSubmit={e => {
          e.preventDefault()
          submit()
        }}
      >
        <TextInput
          data-autofocus
          aria-label="Name of the project"
          maxLength={200}
          value={name ?? current}
          onChange={e => setName(e.currentTarget.value)}
        />
        <Button type="submit" mt="md">
          Rename
        </Button>
      </form>
    </Modal>
  )
}
