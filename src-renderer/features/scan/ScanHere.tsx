import { Button } from '@mantine/core'
import { IconGridDots } from '@tabler/icons-react'
import { useScanList, useScans } from '../../state/scans.ts'
import { ScanSetup } from './ScanSetup.tsx'

/** From a base of the browser to a scan about it; earlier scans stay reachable. */
export function ScanHere(props: { readonly contig: string; readonly position: number }) {
  const asking = useScans(s => s.asking)
  const shown = useScans(s => s.shown)
  const list = useScanList()
  const earlier = list.data?.length ?? 0
  return (
    <div className="scan-here">
      <div className="scan-actions">
        <Button
          variant={asking ? 'light' : 'default'}
          size="compact-sm"
          leftSection={<IconGridDots size={14} />}
          aria-expanded={asking}
          onClick={() => useScans.setState({ asking: !asking })}
        >
          Scan mutations here
        </Button>
        {earlier > 0 && shown === null && (
          <button type="button" className="link" onClick={() => useScans.setState({ inspecting: true })}>
            {earlier === 1 ? 'One earlier scan' : `${earlier} earlier scans`}
          </button>
        )}
      </div>
      {asking && <ScanSetup {...props} />}
    </div>
  )
}
