import { Button, MantineProvider } from '@mantine/core'
import { QueryClientProvider } from '@tanstack/react-query'
import { useEffect } from 'react'
import { Group, Panel, Separator, usePanelRef } from 'react-resizable-panels'
import { FieldScreen } from './features/field/FieldScreen.tsx'
import { About, KeySheet, Rename } from './features/help/Dialogs.tsx'
import { InspectorArea } from './features/inspector/InspectorArea.tsx'
import { StatusBar } from './features/jobs/StatusBar.tsx'
import { Toasts } from './features/jobs/Toasts.tsx'
import { LabArea } from './features/lab/LabArea.tsx'
import { useLabCommands } from './features/lab/labCommands.ts'
import { useModelCommands } from './features/models/modelCommands.ts'
import { DropZone } from './features/open/DropZone.tsx'
import { FileDialog } from './features/open/FileDialog.tsx'
import { useAppCommands } from './features/palette/appCommands.ts'
import { Palette } from './features/palette/Palette.tsx'
import { PlotsArea } from './features/plots/PlotsArea.tsx'
import { useRiskCommands } from './features/risk/riskCommands.ts'
import { useScanCommands } from './features/scan/scanCommands.ts'
import { Start } from './features/start/Start.tsx'
import { TitleBar } from './features/titlebar/TitleBar.tsx'
import { ProjectTree } from './features/tree/ProjectTree.tsx'
import { belongsToControl, commandOfKey } from './state/commands.ts'
import { useLab } from './state/lab.ts'
import { queries } from './state/services.ts'
import { useDocument, useWorkbench } from './state/workbench.ts'
import { theme } from './theme.ts'
import { useModule } from './ui/useModule.ts'

// igv.js is most of the program's bytes: the frame is on the screen before it has loaded.
const loadGenome = () => import('./genome/GenomePanel.tsx')

const TALL_PLOTS_PX = 372

export function App() {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <QueryClientProvider client={queries}>
        <Window />
      </QueryClientProvider>
    </MantineProvider>
  )
}

function Window() {
  useAppCommands()
  useModelCommands()
  useScanCommands()
  useRiskCommands()
  useLabCommands()
  useEffect(() => {
    const onKey = (e: KeyboardEvent) => {
      if (e.defaultPrevented) return
      // Until a dialog that opens has the focus, what is typed is meant for it and for nothing else.
      if (useWorkbench.getState().dialog !== 'none' && !belongsToControl(e.target, e.key)) return
      const command = commandOfKey(e)
      if (!command) return
      e.preventDefault()
      command.run()
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [])
  const connection = useWorkbench(s => s.connection)
  const name = useDocument().name
  useEffect(() => {
    document.title = name ? `${name} – Diploscope` : 'Diploscope'
  }, [name])
  return (
    <DropZone>
      <div className="app" data-connection={connection}>
        <TitleBar />
        {connection === 'lost' && (
          <div className="banner" role="alert">
            The connection to the workbench was lost. Everything saved is safe.
            <Button size="compact-xs" onClick={() => location.reload()}>
              Connect again
            </Button>
          </div>
        )}
        <Workspace />
        <StatusBar />
      </div>
      <Toasts />
      <FileDialog />
      <Palette />
      <FieldScreen />
      <KeySheet />
      <About />
      <Rename />
    </DropZone>
  )
}

function Workspace() {
  const lab = useLab(s => s.open)
  const empty = useWorkbench(s => s.connection === 'ready' && s.files.length === 0) && !lab
  const plots = useWorkbench(s => s.plotsOpen)
  const tab = useWorkbench(s => s.plotsTab)
  const plotsPanel = usePanelRef()
  // A heatmap with its logo needs more height than a curve; what the user made larger stays.
  useEffect(() => {
    if (!plots || tab === 'depth') return
    // A panel that has just come has no size before the layout of the next frame.
    const frame = requestAnimationFrame(() => {
      const panel = plotsPanel.current
      if (panel && panel.getSize().inPixels < TALL_PLOTS_PX) panel.resize(TALL_PLOTS_PX)
    })
    return () => cancelAnimationFrame(frame)
  }, [plots, tab, plotsPanel])
  const genome = useModule(loadGenome)
  return (
    <main style={{ position: 'relative' }}>
      {empty && (
        <div style={{ position: 'absolute', inset: 0, zIndex: 10 }}>
          <Start />
        </div>
      )}
      {/* Kept mounted below the start screen: the browser component is made once. */}
      <Group
        orientation="horizontal"
        style={{ height: '100%', visibility: empty ? 'hidden' : 'visible' }}
        inert={empty}
        id="workspace"
      >
        <Panel id="tree" defaultSize="240px" minSize="170px" maxSize="420px" groupResizeBehavior="preserve-pixel-size">
          <ProjectTree />
        </Panel>
        <Separator className="split" data-across="x" aria-label="Width of the project tree" />
        <Panel id="panes" minSize="660px">
          <div className="panes">
            <Group
              orientation="horizontal"
              id="panes-group"
              // The browser component shows some of its labels by itself: isolated, they stay behind the lab too.
              style={{ height: '100%', isolation: 'isolate', visibility: lab ? 'hidden' : 'inherit' }}
              inert={lab}
            >
              <Panel id="centre" minSize="360px">
                <Group orientation="vertical" id="centre-group" style={{ height: '100%' }}>
                  <Panel id="browser" minSize="160px">
                    {genome ? <genome.GenomePanel /> : <div className="empty">Loading the genome browser…</div>}
                  </Panel>
                  {plots && <Separator className="split" data-across="y" aria-label="Height of the plots" />}
                  {plots && (
                    <Panel
                      id="plots"
                      panelRef={plotsPanel}
                      defaultSize="230px"
                      minSize="120px"
                      groupResizeBehavior="preserve-pixel-size"
                    >
                      <PlotsArea />
                    </Panel>
                  )}
                </Group>
              </Panel>
              <Separator className="split" data-across="x" aria-label="Width of the inspector" />
              <Panel
                id="inspector"
                defaultSize="440px"
                minSize="300px"
                maxSize="900px"
                groupResizeBehavior="preserve-pixel-size"
              >
                <InspectorArea />
              </Panel>
            </Group>
            <LabArea />
          </div>
        </Panel>
      </Group>
    </main>
  )
}
