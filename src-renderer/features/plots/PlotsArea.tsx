import { IconX } from '@tabler/icons-react'
import { type ComponentType, type KeyboardEvent, useRef } from 'react'
import { runCommand } from '../../state/commands.ts'
import { type PlotsTab, useWorkbench } from '../../state/workbench.ts'
import { IconButton } from '../../ui/parts.tsx'
import { CohortPlots } from '../cohorts/CohortPlots.tsx'
import { TunePlots } from '../cohorts/TunePlots.tsx'
import { ScanPlots } from '../scan/ScanPlots.tsx'
import { VariantPlots } from '../variants/VariantPlots.tsx'
import { Plots } from './Plots.tsx'

/** The questions that plots below the browser answer; a tab is there when there is something to ask. */
const TABS: readonly { readonly id: PlotsTab; readonly title: string; readonly Body: ComponentType }[] = [
  { id: 'depth', title: 'Depth', Body: Plots },
  { id: 'scan', title: 'Mutation scan', Body: ScanPlots },
  { id: 'variants', title: 'Variant effects', Body: VariantPlots },
  { id: 'cohort', title: 'Cohort', Body: CohortPlots },
  { id: 'training', title: 'Training', Body: TunePlots },
]

export function PlotsArea() {
  const chosen = useWorkbench(s => s.plotsTab)
  const showPlots = useWorkbench(s => s.showPlots)
  const strip = useRef<HTMLDivElement>(null)
  const tab = TABS.find(t => t.id === chosen) ?? TABS[0]
  if (!tab) return null
  const onKey = (e: KeyboardEvent) => {
    const by = e.key === 'ArrowRight' ? 1 : e.key === 'ArrowLeft' ? -1 : 0
    const next = TABS[(TABS.indexOf(tab) + by + TABS.length) % TABS.length]
    if (by === 0 || !next) return
    e.preventDefault()
    showPlots(next.id)
    strip.current?.querySelector<HTMLElement>(`#plots-tab-${next.id}`)?.focus()
  }
  return (
    <section className="plots-area" aria-label="Plots">
      <div className="plots-strip">
        <div role="tablist" aria-label="Plots" ref={strip} onKeyDown={onKey}>
          {TABS.map(t => (
            <button
              key={t.id}
              type="button"
              role="tab"
              id={`plots-tab-${t.id}`}
              aria-controls="plots-body"
              aria-selected={t === tab}
              tabIndex={t === tab ? 0 : -1}
              onClick={() => showPlots(t.id)}
            >
              {t.title}
            </button>
          ))}
        </div>
        <span style={{ flex: 1 }} />
        <IconButton label="Close the plots" keys="P" onClick={() => runCommand('plots')}>
          <IconX size={15} />
        </IconButton>
      </div>
      <div role="tabpanel" id="plots-body" aria-labelledby={`plots-tab-${tab.id}`}>
        <tab.Body />
      </div>
    </section>
  )
}
