import { Breadcrumbs, Button, Checkbox, Modal, Select, TextInput } from '@mantine/core'
import { IconArrowUp, IconFile, IconFileCheck, IconFolder } from '@tabler/icons-react'
import { type KeyboardEvent, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { FolderEntry, FolderListing } from '../../../src-shared/ipc/contract.ts'
import { toWire, type WireError } from '../../../src-shared/ipc/errors.ts'
import { attempt, call, openEntries } from '../../state/services.ts'
import { useWorkbench } from '../../state/workbench.ts'
import { bytes, ErrorCard, whenText } from '../../ui/parts.tsx'

/** The window's own file dialog, for hosts that have none: a listbox that is steered by keys as a system's dialog is. */
export function FileDialog() {
  const open = useWorkbench(s => s.dialog === 'open')
  const show = useWorkbench(s => s.show)
  return (
    <Modal opened={open} onClose={() => show('none')} title="Open files" size={760}>
      {open && <Browser close={() => show('none')} />}
    </Modal>
  )
}

let lastFolder: string | undefined

function Browser({ close }: { readonly close: () => void }) {
  const [listing, setListing] = useState<FolderListing | null>(null)
  const [error, setError] = useState<WireError | null>(null)
  const [filter, setFilter] = useState('')
  const [all, setAll] = useState(false)
  const [active, setActive] = useState(0)
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const list = useRef<HTMLDivElement>(null)
  const filterBox = useRef<HTMLInputElement>(null)

  const go = useCallback(async (folderId?: string) => {
    try {
      const next = await call('files.browse', folderId ? { folderId } : {})
      lastFolder = next.folderId
      setListing(next)
      setError(null)
      setFilter('')
      setActive(0)
      setChosen(new Set())
    } catch (e) {
      // A folder that is gone: back to where browsing begins, once.
      if (folderId && folderId === lastFolder) {
        lastFolder = undefined
        return void go()
      }
      setError(toWire(e))
    }
  }, [])
  useEffect(() => void go(lastFolder), [go])

  const entries = useMemo(
    () =>
      (listing?.entries ?? []).filter(
        e => (e.kind === 'folder' || all || e.openable) && e.name.toLowerCase().includes(filter.trim().toLowerCase()),
      ),
    [listing, all, filter],
  )
  const hidden = (listing?.entries ?? []).filter(e => e.kind === 'file' && !e.openable).length
  useEffect(() => setActive(a => Math.min(a, Math.max(0, entries.length - 1))), [entries])
  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolls when the active row changes
  useEffect(() => {
    list.current?.querySelector('[data-active="true"]')?.scrollIntoView({ block: 'nearest' })
  }, [active])

  const openThese = (ids: readonly string[]) => {
    if (ids.length === 0) return
    close()
    attempt(() => openEntries(ids))
  }
  const enter = (entry: FolderEntry) => {
    if (entry.kind === 'folder') void go(entry.id)
    else openThese(chosen.size > 0 && chosen.has(entry.id) ? [...chosen] : [entry.id])
  }
  const toggle = (entry: FolderEntry, only: boolean) => {
    if (entry.kind === 'folder') return
    setChosen(c => {
      if (only) return new Set([entry.id])
      const next = new Set(c)
      if (!next.delete(entry.id)) next.add(entry.id)
      return next
    })
  }
  const keys = (e: KeyboardEvent) => {
    const entry = entries[active]
    const move = (to: number) => {
      e.preventDefault()
      const next = Math.min(entries.length - 1, Math.max(0, to))
      const moved = entries[next]
      if (e.shiftKey && moved && moved.kind === 'file') setChosen(c => new Set([...c, moved.id]))
      setActive(next)
    }
    const typing = e.target instanceof HTMLInputElement
    if (e.key === 'ArrowDown') move(active + 1)
    else if (e.key === 'ArrowUp') move(active - 1)
    else if (e.key === 'PageDown') move(active + 12)
    else if (e.key === 'PageUp') move(active - 12)
    else if (!typing && e.key === 'Home') move(0)
    else if (!typing && e.key === 'End') move(entries.length - 1)
    else if (e.key === 'Enter' && chosen.size > 0 && entry?.kind !== 'folder') {
      e.preventDefault()
      openThese([...chosen])
    } else if (e.key === 'Enter' && entry) {
      e.preventDefault()
      enter(entry)
    } else if (!typing && e.key === ' ' && entry) {
      e.preventDefault()
      toggle(entry, false)
    } else if (!typing && e.key === 'Backspace' && listing?.parentId) {
      e.preventDefault()
      void go(listing.parentId)
    }
  }

  return (
    <div>
      <div style={{ display: 'flex', gap: 8, marginBottom: 8, alignItems: 'end' }}>
        <Button
          variant="default"
          disabled={!listing?.parentId}
          aria-label="Parent folder"
          onClick={() => listing?.parentId && void go(listing.parentId)}
        >
          <IconArrowUp size={15} />
        </Button>
        {listing && listing.roots.length > 1 && (
          <Select
            aria-label="Place"
            w={170}
            placeholder="Place"
            value={null}
            data={listing.roots.map(r => ({ value: r.folderId, label: r.name }))}
            onChange={id => {
              if (id) void go(id).then(() => filterBox.current?.focus())
            }}
          />
        )}
        <TextInput
          data-autofocus
          ref={filterBox}
          style={{ flex: 1 }}
          aria-label="Filter names"
          placeholder="Filter names"
          value={filter}
          onChange={e => setFilter(e.currentTarget.value)}
          onKeyDown={keys}
        />
      </div>
      <Breadcrumbs separator="/" separatorMargin={4} mb={6} fz={12} className="soft">
        {(listing?.path ?? '')
          .split(/[/\\]/)
          .filter(Boolean)
          .map((part, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: parts of one path
            <span key={i}>{part}</span>
          ))}
      </Breadcrumbs>
      {error && <ErrorCard error={error} />}
      <div
        className="files-list"
        role="listbox"
        aria-label="Files"
        aria-multiselectable="true"
        aria-activedescendant={entries[active] ? `entry-${entries[active].id}` : undefined}
        tabIndex={0}
        ref={list}
        onKeyDown={keys}
      >
        {entries.map((e, i) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: keys are those of the list
          <div
            key={e.id}
            id={`entry-${e.id}`}
            role="option"
            tabIndex={-1}
            className="files-row"
            aria-selected={chosen.has(e.id)}
            data-active={i === active}
            data-dim={e.kind === 'file' && !e.openable}
            onClick={event => {
              setActive(i)
              toggle(e, !(event.ctrlKey || event.metaKey || event.shiftKey))
            }}
            onDoubleClick={() => enter(e)}
          >
            {e.kind === 'folder' ? (
              <IconFolder size={16} fill="currentColor" fillOpacity={0.15} />
            ) : e.openable ? (
              <IconFileCheck size={16} />
            ) : (
              <IconFile size={16} />
            )}
            <span style={{ overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' }}>{e.name}</span>
            <span className="num soft" style={{ textAlign: 'right' }}>
              {e.kind === 'file' ? bytes(e.sizeBytes) : ''}
            </span>
            <span className="num soft">{whenText(e.modifiedAt)}</span>
          </div>
        ))}
      </div>
      {listing && entries.length === 0 && (
        <p className="soft">
          {filter
            ? 'No name holds that text.'
            : hidden > 0
              ? 'No file here that can be opened by its name.'
              : 'This folder is empty.'}
        </p>
      )}
      <div style={{ display: 'flex', gap: 12, alignItems: 'center', marginTop: 10 }}>
        <Checkbox
          label={`Show all files${hidden > 0 ? ` (${hidden} more)` : ''}`}
          checked={all}
          onChange={e => setAll(e.currentTarget.checked)}
        />
        {listing && listing.omitted > 0 && (
          <span className="soft">{listing.omitted.toLocaleString('en-US')} entries are not listed</span>
        )}
        <span style={{ flex: 1 }} />
        {listing?.entries.some(e => e.kind === 'file' && /\.(bam|cram)$/i.test(e.name)) && (
          <Button variant="default" onClick={() => openThese([listing.folderId])}>
            Open this folder as a cohort
          </Button>
        )}
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button disabled={chosen.size === 0} onClick={() => openThese([...chosen])}>
          {chosen.size > 1 ? `Open ${chosen.size} files` : 'Open'}
        </Button>
      </div>
    </div>
  )
}
