import type { OpenedFile } from '../../../src-shared/genome/files.ts'
import { fileOfSelection, type Selection } from '../../state/selection.ts'
import { useSelection, useWorkbench } from '../../state/workbench.ts'
import { CohortInspector } from '../cohorts/CohortInspector.tsx'
import { ModelScreen } from '../models/ModelScreen.tsx'
import { TrackInspector } from '../tracks/TrackInspector.tsx'
import { FileFactsPanel } from './FileFactsPanel.tsx'
import { PositionPanel } from './PositionPanel.tsx'
import { SampleReport } from './SampleReport.tsx'

/** What the user points at, explained: where each number comes from stands beside it. */
export function Inspector() {
  const selection = useSelection()
  const files = useWorkbench(s => s.files)
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a pane that scrolls must be reachable by keyboard
    <aside className="inspector" aria-label="Inspector" data-kind={selection.kind} tabIndex={0}>
      <Content selection={selection} file={fileOfSelection(selection, files)} />
    </aside>
  )
}

function Content({ selection, file }: { readonly selection: Selection; readonly file: OpenedFile | undefined }) {
  switch (selection.kind) {
    case 'none':
      return <Hint />
    case 'position':
      return <PositionPanel contig={selection.contig} position={selection.position} file={file} />
    case 'sample':
      if (!file) return <Hint />
      return file.problem ? <FileFactsPanel file={file} /> : <SampleReport key={file.id} file={file} />
    case 'file':
      if (!file) return <Hint />
      if (file.role === 'cohort' && !file.problem) return <CohortInspector key={file.id} file={file} />
      return file.role === 'model' && !file.problem ? (
        <ModelScreen key={file.id} file={file} />
      ) : (
        <FileFactsPanel key={file.id} file={file} />
      )
    case 'track':
      return file ? <TrackInspector key={selection.trackId} file={file} trackId={selection.trackId} /> : <Hint />
  }
}

const Hint = () => (
  <div className="empty">
    <p>Click a base in any track to see which reads say what there, and why some do not count.</p>
    <p>Choose a sample at the left for its APOE report.</p>
  </div>
)
