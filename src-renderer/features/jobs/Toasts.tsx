import { ActionIcon, Paper } from '@mantine/core'
import { IconCheck, IconInfoCircle, IconX } from '@tabler/icons-react'
import { useEffect } from 'react'
import { type Notice, useWorkbench } from '../../state/workbench.ts'
import { ErrorCard } from '../../ui/parts.tsx'

/** Errors stay until they were read; the rest goes by itself. */
const SHOWN_MS = 5000

export function Toasts() {
  const notices = useWorkbench(s => s.notices)
  return (
    <section className="toasts" aria-label="Notices">
      {notices.map(n => (
        <Toast key={n.id} notice={n} />
      ))}
    </section>
  )
}

function Toast({ notice }: { readonly notice: Notice }) {
  const dismiss = useWorkbench(s => s.dismiss)
  useEffect(() => {
    if (notice.kind === 'error') return
    const timer = setTimeout(() => dismiss(notice.id), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [notice, dismiss])
  const close = (
    <ActionIcon variant="subtle" color="gray" size={22} aria-label="Dismiss" onClick={() => dismiss(notice.id)}>
      <IconX size={14} />
    </ActionIcon>
  )
  if (notice.error)
    return (
      <Paper shadow="md" style={{ position: 'relative' }}>
        <div style={{ position: 'absolute', right: 6, top: 6, zIndex: 1 }}>{close}</div>
        <ErrorCard error={notice.error} />
      </Paper>
    )
  return (
    <Paper shadow="md" p="6px 10px" withBorder role="status" style={{ display: 'flex', gap: 8, alignItems: 'center' }}>
      {notice.kind === 'success' ? <IconCheck size={16} color="var(--good-ink)" /> : <IconInfoCircle size={16} />}
      <span style={{ flex: 1 }}>{notice.text}</span>
      {close}
    </Paper>
  )
}
