import { formatPosition } from '../../../src-shared/genome/locus.ts'
import { useScans } from '../../state/scans.ts'
import { useSelection } from '../../state/workbench.ts'
import { ScanInspector } from '../scan/ScanInspector.tsx'
import { Inspector } from './Inspector.tsx'

/** The right pane: what is selected, and beside it the scan that is on the screen. */
export function InspectorArea() {
  const scanning = useScans(s => s.shown !== null || s.inspecting)
  const inspecting = useScans(s => s.inspecting)
  const selection = useSelection()
  if (!scanning) return <Inspector />
  const choose = (scan: boolean) => useScans.setState({ inspecting: scan })
  const selected = selection.kind === 'position' ? formatPosition(selection.contig, selection.position) : 'Selection'
  return (
    <div className="inspector-area">
      {/* Two toggles, not tabs: each pane is a landmark of its own. */}
      <fieldset className="inspector-switch" aria-label="Explain">
        <button type="button" className="switch-tab" aria-pressed={!inspecting} onClick={() => choose(false)}>
          {selected}
        </button>
        <button type="button" className="switch-tab" aria-pressed={inspecting} onClick={() => choose(true)}>
          Scan
        </button>
      </fieldset>
      {inspecting ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a pane that scrolls must be reachable by keyboard
        <aside className="inspector" aria-label="Inspector" data-kind="scan" tabIndex={0}>
          <ScanInspector />
        </aside>
      ) : (
        <Inspector />
      )}
    </div>
  )
}
