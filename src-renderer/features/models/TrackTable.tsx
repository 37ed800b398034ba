import { Button, Checkbox, Chip, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { keepPreviousData, useQueries } from '@tanstack/react-query'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import type { OpenedFile } from '../../../src-shared/genome/files.ts'
import type { ModelFacts, ModelTrackRow } from '../../../src-shared/genome/model.ts'
import { TRACK_PAGE, trackPageQuery } from '../../state/predictions.ts'
import { ErrorCard } from '../../ui/parts.tsx'
import { MOST_TRACKS, showInBrowser } from '../tracks/trackActions.ts'

const ROW_PX = 26
const SHOWN_ASSAYS = 12

/** Tracks of a model, thousands of them: only the rows on the screen are asked for and drawn. */
export function TrackTable({ file, facts }: { readonly file: OpenedFile; readonly facts: ModelFacts }) {
  const [query, setQuery] = useState('')
  const [settled] = useDebouncedValue(query, 150)
  const [assay, setAssay] = useState<string>()
  const [active, setActive] = useState(0)
  const [top, setTop] = useState(0)
  const [chosen, setChosen] = useState<ReadonlyMap<number, ModelTrackRow>>(new Map())
  const [bothStrands, setBothStrands] = useState(true)
  const list = useRef<HTMLDivElement>(null)
  const height = Math.min(340, Math.max(4, Math.min(facts.tracks, 13)) * ROW_PX + 2)

  const first = Math.max(0, Math.floor(top / ROW_PX) - 4)
  const last = Math.ceil((top + height) / ROW_PX) + 4
  const pages = Array.from(
    { length: Math.floor(last / TRACK_PAGE) - Math.floor(first / TRACK_PAGE) + 1 },
    (_, i) => Math.floor(first / TRACK_PAGE) + i,
  )
  const answers = useQueries({
    queries: pages.map(page => ({
      ...trackPageQuery(file, settled, assay, page),
      placeholderData: keepPreviousData,
    })),
  })
  const error = answers.find(a => a.error)?.error
  const known = answers.find(a => a.data)?.data
  // While a far page is asked for the list keeps its length, else the browser would scroll it back.
  const length = useRef(0)
  if (known) length.current = known.total
  const total = length.current
  const rowAt = (i: number): ModelTrackRow | undefined => {
    const at = pages.indexOf(Math.floor(i / TRACK_PAGE))
    return answers[at]?.data?.rows[i % TRACK_PAGE]
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: another question starts at its first answer
  useEffect(() => {
    setActive(0)
    list.current?.scrollTo({ top: 0 })
  }, [settled, assay])

  const toggle = (row: ModelTrackRow | undefined) => {
    if (!row) return
    setChosen(before => {
      const next = new Map(before)
      if (!next.delete(row.channel)) next.set(row.channel, row)
      return next
    })
  }
  const show = () => {
    const rows = chosen.size > 0 ? [...chosen.values()] : [rowAt(active)].flatMap(r => r ?? [])
    if (rows.length > 0) showInBrowser(file, rows, bothStrands)
  }
  const move = (to: number) => {
    const next = Math.max(0, Math.min(total - 1, to))
    setActive(next)
    const box = list.current
    if (!box) return
    if (next * ROW_PX < box.scrollTop) box.scrollTo({ top: next * ROW_PX })
    else if ((next + 1) * ROW_PX > box.scrollTop + box.clientHeight)
      box.scrollTo({ top: (next + 1) * ROW_PX - box.clientHeight })
  }
  const keys = (e: KeyboardEvent) => {
    const typing = e.target instanceof HTMLInputElement
    const page = Math.floor(height / ROW_PX) - 1
    if (e.key === 'ArrowDown') move(active + 1)
    else if (e.key === 'ArrowUp') move(active - 1)
    else if (e.key === 'PageDown') move(active + page)
    else if (e.key === 'PageUp') move(active - page)
    else if (!typing && e.key === 'Home') move(0)
    else if (!typing && e.key === 'End') move(total - 1)
    else if (!typing && e.key === ' ') toggle(rowAt(active))
    else if (e.key === 'Enter') show()
    // Out of the box, so that keys are commands again.
    else if (e.key === 'Escape' && e.target instanceof HTMLInputElement) e.target.blur()
    else return
    e.preventDefault()
    e.stopPropagation()
  }
  const shown = Array.from({ length: Math.max(0, Math.min(total, last) - first) }, (_, i) => first + i)
  const stranded = [...chosen.values()].some(r => r.strandPair !== undefined && r.strandPair !== r.channel)
  return (
    <div data-testid="track-table">
      <TextInput
        aria-label="Search tracks"
        placeholder="Search by assay, tissue, target or identifier"
        leftSection={<IconSearch size={14} />}
        value={query}
        onChange={e => setQuery(e.currentTarget.value)}
        onKeyDown={keys}
        mb={6}
      />
      {facts.assays.length > 1 && (
        <fieldset className="chips" aria-label="Assays">
          {facts.assays.slice(0, SHOWN_ASSAYS).map(a => (
            <Chip
              key={a.assay}
              size="xs"
              radius="sm"
              checked={assay === a.assay}
              onChange={() => setAssay(now => (now === a.assay ? undefined : a.assay))}
            >
              {a.assay} <span className="num soft">{a.count.toLocaleString('en-US')}</span>
            </Chip>
          ))}
          {facts.assays.length > SHOWN_ASSAYS && (
            <span className="soft">and {facts.assays.length - SHOWN_ASSAYS} more: search for them</span>
          )}
        </fieldset>
      )}
      {error && <ErrorCard error={error} title="The tracks could not be listed." />}
      <div
        ref={list}
        className="track-list"
        role="listbox"
        aria-label="Tracks of the model"
        aria-multiselectable="true"
        aria-activedescendant={total > 0 ? `track-row-${active}` : undefined}
        tabIndex={0}
        style={{ height }}
        onScroll={e => setTop(e.currentTarget.scrollTop)}
        onKeyDown={keys}
      >
        <div role="presentation" style={{ height: total * ROW_PX, position: 'relative' }}>
          {shown.map(i => {
            const row = rowAt(i)
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: keys are those of the list
              <div
                key={i}
                id={`track-row-${i}`}
                role="option"
                tabIndex={-1}
                className="track-row"
                aria-selected={row !== undefined && chosen.has(row.channel)}
                aria-posinset={i + 1}
                aria-setsize={total}
                data-active={i === active}
                style={{ top: i * ROW_PX, height: ROW_PX }}
                title={row ? [row.name, row.sourceId, row.transform].filter(Boolean).join('\n') : undefined}
                onClick={() => {
                  setActive(i)
                  toggle(row)
                }}
                onDoubleClick={() => row && showInBrowser(file, [row], bothStrands)}
              >
                <span className="tick" aria-hidden="true" />
                <span className="track-name">{row?.name ?? '…'}</span>
                <span className="soft strand">{row && row.strand !== '.' ? row.strand : ''}</span>
                <span className="soft track-id">{row?.sourceId ?? ''}</span>
              </div>
            )
          })}
        </div>
      </div>
      {known && total === 0 && <p className="soft">No track holds that text. Try fewer words, or another assay.</p>}
      <div className="track-actions">
        <span role="status" className="num soft">
          {chosen.size > 0
            ? `${chosen.size} chosen`
            : `${total.toLocaleString('en-US')} of ${facts.tracks.toLocaleString('en-US')} tracks`}
        </span>
        {chosen.size > 0 && (
          <Button size="compact-xs" variant="subtle" onClick={() => setChosen(new Map())}>
            Clear
          </Button>
        )}
        <span style={{ flex: 1 }} />
        {stranded && (
          <Checkbox
            label="both strands"
            checked={bothStrands}
            onChange={e => setBothStrands(e.currentTarget.checked)}
          />
        )}
        <Button size="compact-sm" disabled={chosen.size === 0} onClick={show}>
          Show in browser
        </Button>
      </div>
      {chosen.size > MOST_TRACKS && <p className="note">At most {MOST_TRACKS} tracks can be added at a time.</p>}
    </div>
  )
}
