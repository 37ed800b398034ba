import { ActionIcon, Button, Checkbox, Menu } from '@mantine/core'
import {
  IconAlertTriangle,
  IconChartHistogram,
  IconDna2,
  IconDots,
  IconFlask2,
  IconFolderOpen,
  IconListDetails,
  IconTimeline,
  IconUser,
  IconUsers,
  IconWaveSine,
} from '@tabler/icons-react'
import { useEffect, useRef } from 'react'
import type { OpenedFile } from '../../../src-shared/genome/files.ts'
import { openField } from '../../state/fields.ts'
import { goToFirstReads } from '../../state/firstReads.ts'
import { leaveLab, showLab, showOverview, useLab } from '../../state/lab.ts'
import { selectFile } from '../../state/selection.ts'
import { attempt, buildIndex, closeFile, openFiles, refreshFile } from '../../state/services.ts'
import { isSynthetic, PART_NAMES, sharesSample } from '../../state/tracks.ts'
import { scoreVariants } from '../../state/variantTables.ts'
import { useDocument, useSelection, useWorkbench } from '../../state/workbench.ts'
import { MiddleName, Synthetic } from '../../ui/parts.tsx'
import { AddModel, PredictedRows } from '../tracks/TreeTracks.tsx'

/** Groups appear when something is in them: nothing dead on the screen. */
const GROUPS: readonly { readonly role: OpenedFile['role']; readonly title: string; readonly icon: typeof IconUser }[] =
  [
    { role: 'sample', title: 'Samples', icon: IconUser },
    { role: 'variants', title: 'Variants', icon: IconListDetails },
    { role: 'signal', title: 'Tracks', icon: IconChartHistogram },
    { role: 'genes', title: 'Genes', icon: IconTimeline },
    { role: 'reference', title: 'References', icon: IconDna2 },
    { role: 'model', title: 'Models', icon: IconWaveSine },
    { role: 'cohort', title: 'Cohorts', icon: IconUsers },
  ]

export function ProjectTree() {
  const files = useWorkbench(s => s.files)
  return (
    <nav className="tree" aria-label="Project">
      <div className="tree-head">
        <b>Project</b>
        <Button variant="subtle" size="compact-xs" leftSection={<IconFolderOpen size={14} />} onClick={openFiles}>
          Open…
        </Button>
      </div>
      {GROUPS.map(g => {
        const members = files.filter(f => f.role === g.role)
        if (members.length === 0) return null
        return (
          <section key={g.role} aria-label={g.title}>
            <h2>{g.title}</h2>
            <ul>
              {members.map(f => (
                <FileRow key={f.id} file={f} icon={g.icon} />
              ))}
            </ul>
          </section>
        )
      })}
      <AddModel />
      <LabRow />
    </nav>
  )
}

/** The lab belongs to the machine, not to a file: it is always there. */
function LabRow() {
  const open = useLab(s => s.open)
  return (
    <section aria-label="Lab">
      <h2>Lab</h2>
      <div className="tree-row" data-selected={open}>
        <IconFlask2 size={15} stroke={1.6} />
        <button
          type="button"
          className="name"
          aria-current={open ? 'page' : undefined}
          onClick={() => {
            showOverview()
            showLab()
          }}
        >
          What attention costs
        </button>
      </div>
    </section>
  )
}

function FileRow({ file, icon: Icon }: { readonly file: OpenedFile; readonly icon: typeof IconUser }) {
  const document = useDocument()
  const selection = useSelection()
  const { select, setTrackVisible } = useWorkbench.getState()
  const tracks = document.tracks.filter(t => t.fileId === file.id && !t.predicted)
  const selected = (selection.kind === 'sample' || selection.kind === 'file') && selection.fileId === file.id
  const isReference = document.view.referenceFileId === file.id
  const row = useRef<HTMLDivElement>(null)
  // What was opened is selected, and may be below many others.
  useEffect(() => {
    if (selected) row.current?.scrollIntoView({ block: 'nearest' })
  }, [selected])
  const shown = file.problem ? [] : tracks
  // Below the name, which is often long; a model's tracks have rows of their own there.
  const synthetic = file.role !== 'model' && isSynthetic(file)
  const shared = useWorkbench(s => file.role === 'sample' && sharesSample(file, s.files))
  const title = file.role === 'sample' ? (file.facts.samples[0] ?? file.name) : file.name
  return (
    <li>
      <div className="tree-row" data-selected={selected} ref={row}>
        {file.problem ? (
          <IconAlertTriangle size={15} color="var(--bad-ink)" aria-label="Problem" />
        ) : (
          <Icon size={15} stroke={1.6} />
        )}
        <button
          type="button"
          className="name"
          title={`${file.folder}/${file.name}`}
          aria-current={selected ? 'true' : undefined}
          onClick={() => {
            leaveLab()
            select(selectFile(file))
          }}
        >
          <MiddleName text={title} />
        </button>
        {file.role === 'model' && isSynthetic(file) && <Synthetic />}
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" size={22} aria-label={`Actions for ${title}`}>
              <IconDots size={14} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => select({ kind: 'file', fileId: file.id })}>Facts about the file</Menu.Item>
            {file.role === 'sample' && !file.problem && (
              <Menu.Item onClick={() => attempt(() => goToFirstReads(file))}>Go to its first reads</Menu.Item>
            )}
            {file.role === 'reference' && !isReference && (
              <Menu.Item onClick={() => makeReference(file)}>Use as the reference</Menu.Item>
            )}
            {(file.facts.index === 'missing' || file.facts.index === 'stale' || file.facts.index === 'foreign') && (
              <Menu.Item onClick={() => buildIndex(file)}>Build its index</Menu.Item>
            )}
            {file.role === 'model' && !file.problem && (
              <Menu.Item onClick={() => openField(file.id)}>Receptive field…</Menu.Item>
            )}
            {file.role === 'variants' && !file.problem && (
              <Menu.Item onClick={() => scoreVariants(file.id)}>Effects of its variants…</Menu.Item>
            )}
            <Menu.Item onClick={() => refreshFile(file)}>Look at it again</Menu.Item>
            <Menu.Divider />
            <Menu.Item onClick={() => closeFile(file)}>Remove from the project</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </div>
      <PredictedRows file={file} />
      {(shown.length > 0 || isReference || synthetic || shared) && (
        <div className="tree-parts">
          {shared && <span className="tree-file soft">{file.name}</span>}
          {shown.map(t => (
            <Checkbox
              key={t.part}
              size="xs"
              label={PART_NAMES[t.part]}
              checked={t.visible}
              onChange={e => setTrackVisible(t.fileId, t.part, e.currentTarget.checked)}
              styles={{ label: { paddingInlineStart: 5, fontSize: 12 }, body: { alignItems: 'center' } }}
            />
          ))}
          {isReference && (
            <span className="tag" title="The browser's sequence and contigs come from this file">
              in use
            </span>
          )}
          {synthetic && <Synthetic />}
        </div>
      )}
    </li>
  )
}

function makeReference(file: OpenedFile) {
  useWorkbench.getState().change('Use reference', d => ({ ...d, view: { ...d.view, referenceFileId: file.id } }))
}
