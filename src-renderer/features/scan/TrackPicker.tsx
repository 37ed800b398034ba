import { MultiSelect } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQueries, useQuery } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import type { OpenedFile } from '../../../src-shared/genome/files.ts'
import { distinctTrackName } from '../../../src-shared/genome/model.ts'
import { call, version } from '../../state/services.ts'

const PAGE = 60

/** Some of a model's tracks, found by words of their name. Names of chosen ones are kept while others are searched. */
export function TrackPicker(props: {
  readonly model: OpenedFile
  readonly channels: readonly number[]
  readonly onChannels: (channels: readonly number[]) => void
}) {
  const { model, channels } = props
  const [query, setQuery] = useState('')
  const [settled] = useDebouncedValue(query, 150)
  const names = useRef(new Map<string, string>())
  const found = useQuery({
    queryKey: ['track-picker', ...version(model), settled],
    queryFn: ({ signal }) =>
      call('models.tracks', { fileId: model.id, query: settled, offset: 0, limit: PAGE }, signal),
  })
  const rows = found.data?.rows ?? []
  // Chosen elsewhere, and on no page that was searched: rows stand in the order of channels.
  const unnamed = channels.filter(c => !names.current.has(`${model.id}:${c}`) && !rows.some(r => r.channel === c))
  const asked = useQueries({
    queries: unnamed.map(c => ({
      queryKey: ['track-of-channel', ...version(model), c],
      queryFn: ({ signal }: { readonly signal: AbortSignal }) =>
        call('models.tracks', { fileId: model.id, query: '', offset: c, limit: 1 }, signal),
    })),
  })
  for (const r of [...rows, ...asked.flatMap(a => a.data?.rows ?? [])])
    names.current.set(`${model.id}:${r.channel}`, distinctTrackName(r))
  const labelOf = (channel: number) => names.current.get(`${model.id}:${channel}`) ?? `channel ${channel}`
  const options = new Map(channels.map(c => [String(c), labelOf(c)]))
  for (const r of rows) options.set(String(r.channel), distinctTrackName(r))
  const total = found.data?.total ?? 0
  return (
    <MultiSelect
      label="Tracks"
      size="xs"
      searchable
      openOnFocus={false}
      searchValue={query}
      onSearchChange={setQuery}
      data={[...options].map(([value, label]) => ({ value, label }))}
      // The services searched.
      filter={({ options: all }) => all}
      value={channels.map(String)}
      onChange={values => props.onChannels(values.map(Number))}
      placeholder={channels.length === 0 ? 'Search by assay, target or name' : ''}
      description={
        total > PAGE ? `The first ${PAGE} of ${total.toLocaleString('en-US')} tracks; type to find others` : undefined
      }
      nothingFoundMessage={found.isPending ? 'Searching…' : 'No track has these words'}
      error={found.error ? found.error.message : undefined}
      hidePickedOptions
      maxDropdownHeight={240}
    />
  )
}
