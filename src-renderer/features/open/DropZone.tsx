import { Button, Paper } from '@mantine/core'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { takeResults } from '../../state/lab.ts'
import { attempt, drop } from '../../state/services.ts'
import { useWorkbench } from '../../state/workbench.ts'
import { bytes } from '../../ui/parts.tsx'

interface Sending {
  readonly name: string
  readonly sent: number
  readonly total: number
  readonly stop: AbortController
}

/** Files may be dropped anywhere in the window. */
export function DropZone({ children }: { readonly children: ReactNode }) {
  const [over, setOver] = useState(false)
  const [sending, setSending] = useState<Sending | null>(null)
  const depth = useRef(0)
  useEffect(() => {
    const files = (e: DragEvent) => e.dataTransfer?.types.includes('Files') === true
    const enter = (e: DragEvent) => {
      if (!files(e)) return
      depth.current++
      setOver(true)
    }
    const leave = (e: DragEvent) => {
      if (!files(e)) return
      depth.current = Math.max(0, depth.current - 1)
      if (depth.current === 0) setOver(false)
    }
    const hover = (e: DragEvent) => {
      if (!files(e)) return
      e.preventDefault()
      if (e.dataTransfer) e.dataTransfer.dropEffect = 'copy'
    }
    const dropped = (e: DragEvent) => {
      if (!files(e)) return
      e.preventDefault()
      depth.current = 0
      setOver(false)
      const list = [...(e.dataTransfer?.files ?? [])]
      if (list.length === 0) return
      const folder = [...(e.dataTransfer?.items ?? [])].map(i => i.webkitGetAsEntry()).find(i => i?.isDirectory)
      if (folder && window.diploscopeShell === undefined) {
        useWorkbench.getState().notify('error', `A browser cannot hand over the folder '${folder.name}'. Use Open…, go into it, and open it as a cohort there.`) // biome-ignore format: one sentence
        return
      }
      const stop = new AbortController()
      attempt(async () => {
        const others = await takeResults(list)
        if (others.length === 0) return
        await drop(others, (name, p) => setSending({ name, ...p, stop }), stop.signal).finally(() => setSending(null))
      })
    }
    window.addEventListener('dragenter', enter)
    window.addEventListener('dragleave', leave)
    window.addEventListener('dragover', hover)
    window.addEventListener('drop', dropped)
    return () => {
      window.removeEventListener('dragenter', enter)
      window.removeEventListener('dragleave', leave)
      window.removeEventListener('dragover', hover)
      window.removeEventListener('drop', dropped)
    }
  }, [])
  return (
    <>
      {children}
      {over && <div className="drop-veil">Drop to open</div>}
      {sending && (
        <Paper shadow="md" withBorder p="sm" style={{ position: 'fixed', left: 12, bottom: 36, zIndex: 400 }}>
          <div className="job">
            Copying {sending.name}
            <progress aria-label={`Copying ${sending.name}`} value={sending.sent} max={sending.total || 1} />
            <span className="num soft">
              {bytes(sending.sent)} of {bytes(sending.total)}
            </span>
            <Button size="compact-xs" variant="subtle" onClick={() => sending.stop.abort()}>
              Cancel
            </Button>
          </div>
        </Paper>
      )}
    </>
  )
}
