import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { create } from 'zustand'
import type { EffectScore } from '../../src-shared/genome/scan.ts'
import type { Result } from '../../src-shared/ipc/contract.ts'
import type { WireError } from '../../src-shared/ipc/errors.ts'
import type { VariantRowsRequest, VariantTableRequest } from '../../src-shared/ipc/scanMethods.ts'
import { call, onEvent, queries } from './services.ts'
import { useWorkbench } from './workbench.ts'

/** Effects of a VCF's variants: what was asked for, and which rows are looked at. */
interface VariantTables {
  readonly form: {
    readonly modelFileId: string | null
    readonly vcfFileId: string | null
    readonly channels: readonly number[]
    readonly score: EffectScore
    readonly bothStrands: boolean
    readonly onlyView: boolean
  }
  readonly asked: VariantTableRequest | null
  readonly tableId: string | null
  readonly jobId: string | null
  readonly rows: Omit<VariantRowsRequest, 'tableId'>
}

export const PAGE_ROWS = 100

export const useVariantTables = create<VariantTables>()(() => ({
  form: { modelFileId: null, vcfFileId: null, channels: [], score: 'sad', bothStrands: false, onlyView: false },
  asked: null,
  tableId: null,
  jobId: null,
  rows: { sort: null, filter: '', minEffect: 0, offset: 0, limit: PAGE_ROWS },
}))

/** Asks for the effects of a file's variants. */
export function scoreVariants(vcfFileId: string): void {
  useVariantTables.setState(s => ({ form: { ...s.form, vcfFileId }, tableId: null, jobId: null }))
  useWorkbench.getState().showPlots('variants')
}

/** Another filter or order begins at the first row. */
export const lookAt = (change: Partial<VariantTables['rows']>): void =>
  useVariantTables.setState(s => ({ rows: { ...s.rows, offset: 0, ...change } }))

/** @throws WorkbenchError, for the form to show */
export async function startVariants(request: VariantTableRequest): Promise<void> {
  const { tableId, job } = await call('variants.start', request)
  useWorkbench.getState().jobStarted(job)
  useVariantTables.setState(s => ({
    tableId,
    jobId: job.id,
    asked: request,
    rows: { ...s.rows, sort: null, offset: 0 },
  }))
}

export const useVariantRows = (tableId: string | null, rows: VariantTables['rows']) =>
  useQuery<Result<'variants.rows'>, WireError>({
    queryKey: ['variant-rows', tableId, rows],
    enabled: tableId !== null,
    placeholderData: keepPreviousData,
    gcTime: 60_000,
    queryFn: ({ signal }) => call('variants.rows', { tableId: tableId ?? '', ...rows }, signal),
  })

/** At most so often while a table fills. */
const REFRESH_MS = 500
let timer: ReturnType<typeof setTimeout> | undefined

onEvent('variants.changed', ({ tableId, state }) => {
  const again = () => {
    timer = undefined
    void queries.invalidateQueries({ queryKey: ['variant-rows', tableId] })
  }
  if (state !== 'running') {
    clearTimeout(timer)
    again()
  } else timer ??= setTimeout(again, REFRESH_MS)
})
