import { Button } from '@mantine/core'
import { formatLocus } from '../../../src-shared/genome/locus.ts'
import type { ScanListing } from '../../../src-shared/ipc/scanMethods.ts'
import { closeScan, resumeScan, useScanList, useScans } from '../../state/scans.ts'
import { Section, whenText } from '../../ui/parts.tsx'
import { SCORES } from './scanText.ts'

export const listingText = (l: ScanListing): string => {
  const { request } = l
  const tracks = request.groupMean ? `mean of ${request.channels.length}` : `${request.channels.length} ${request.channels.length === 1 ? 'track' : 'tracks'}` // biome-ignore format: one choice
  const person = request.background.kind === 'haplotype' ? `, ${request.background.sample} haplotype ${request.background.haplotype + 1}` : '' // biome-ignore format: one choice
  return `${formatLocus(request.interval)}, ${l.modelName}, ${tracks}, ${SCORES[request.score].name}${person}`
}

const PARTIAL: ReadonlySet<string> = new Set(['cancelled', 'partial', 'failed'])

/** Scans that were made, the latest first; a partial one can go on. */
export function ScanList() {
  const list = useScanList()
  const shown = useScans(s => s.shown)
  const show = useScans(s => s.show)
  const rows = [...(list.data ?? [])].sort((a, b) => b.createdAt - a.createdAt)
  if (rows.length === 0) return null
  return (
    <Section title="Scans" testId="scan-list">
      <ul className="scan-list">
        {rows.map(l => (
          <li key={l.scanId} data-state={l.state}>
            <button
              type="button"
              className="link"
              aria-current={shown?.scanId === l.scanId ? 'true' : undefined}
              onClick={() => show({ scanId: l.scanId, column: 0 })}
            >
              {listingText(l)}
            </button>
            <span className="soft num">
              {` ${l.exactCells.toLocaleString('en-US')}/${l.totalCells.toLocaleString('en-US')} ${PARTIAL.has(l.state) ? 'partial' : l.state}, ${whenText(l.createdAt)}`}
            </span>
            {PARTIAL.has(l.state) && (
              <Button size="compact-xs" variant="light" onClick={() => resumeScan(l.scanId)}>
                Resume
              </Button>
            )}
            <Button
              size="compact-xs"
              variant="subtle"
              color="gray"
              c="var(--ink-soft)"
              aria-label={`Forget ${listingText(l)}`}
              onClick={() => closeScan(l.scanId)}
            >
              Forget
            </Button>
          </li>
        ))}
      </ul>
    </Section>
  )
}
