import { useEffect } from 'react'
import type { Interval } from '../../../src-shared/genome/interval.ts'
import { type Command, register } from '../../state/commands.ts'
import { openField } from '../../state/fields.ts'
import { attributeView } from '../../state/overlays.ts'
import { useScans } from '../../state/scans.ts'
import { selectPosition } from '../../state/selection.ts'
import { useWorkbench } from '../../state/workbench.ts'

const state = () => useWorkbench.getState()
const locus = (): Interval | null => state().history.present.view.locus
const hasModel = () => state().files.some(f => f.role === 'model' && !f.problem)

/** The form at the base that is selected, under the cursor, or in the middle of the view. */
function askHere() {
  const { select, history, cursor } = state()
  const view = locus()
  const { selection } = history.present.view
  if (selection.kind !== 'position' || cursor !== null) {
    if (!view) return
    select(selectPosition(view.contig, cursor ?? Math.floor((view.start + view.end) / 2), null))
  }
  useScans.setState({ asking: true, inspecting: false })
  // After the panel has drawn: the first thing that can be changed has the focus.
  requestAnimationFrame(() => document.querySelector<HTMLElement>('[data-testid="scan-setup"] input')?.focus())
}

/** What scans add to the palette and the keys. */
export function useScanCommands() {
  useEffect(() => {
    const commands: readonly Command[] = [
      {
        id: 'scan-here',
        title: 'Scan mutations at the selected base…',
        group: 'Look up',
        keys: ['m'],
        enabled: () => hasModel() && locus() !== null,
        run: askHere,
      },
      {
        id: 'attribution',
        title: 'Attribution of the view (gradient × input)',
        group: 'Look up',
        enabled: () => hasModel() && locus() !== null && state().history.present.view.referenceFileId !== null,
        run: () => void attributeView(),
      },
      {
        id: 'scan-list',
        title: 'Mutation scans that were made',
        group: 'Look up',
        enabled: hasModel,
        run: () => useScans.setState({ inspecting: true }),
      },
      {
        id: 'scan-walk',
        title: 'Walk the heatmap of the scan',
        group: 'Move',
        keys: ['h'],
        enabled: () => useScans.getState().shown !== null,
        run: () => {
          state().showPlots('scan')
          requestAnimationFrame(() => document.querySelector<HTMLElement>('[data-testid="scan-heatmap"]')?.focus())
        },
      },
      {
        id: 'variant-effects',
        title: 'Effects of the variants of a VCF…',
        group: 'Look up',
        enabled: hasModel,
        run: () => state().showPlots('variants'),
      },
      {
        id: 'field',
        title: 'Receptive field of a model…',
        group: 'Look up',
        enabled: hasModel,
        run: () => {
          const { selection } = state().history.present.view
          const model = state().files.find(
            f => f.role === 'model' && selection.kind === 'file' && f.id === selection.fileId,
          )
          openField(model?.id)
        },
      },
    ]
    return register(commands)
  }, [])
}
