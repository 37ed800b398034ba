import { useQuery } from '@tanstack/react-query'
import { create } from 'zustand'
import type { ReceptiveField } from '../../src-shared/genome/scan.ts'
import type { WireError } from '../../src-shared/ipc/errors.ts'
import type { FieldRequest } from '../../src-shared/ipc/scanMethods.ts'
import { call } from './services.ts'
import { useWorkbench } from './workbench.ts'

/** The receptive-field screen: what was asked for, and the job that measures it. */
interface Fields {
  readonly open: boolean
  readonly form: FieldRequest
  readonly fieldId: string | null
  readonly jobId: string | null
}

export const useFields = create<Fields>()(() => ({
  open: false,
  form: { modelFileId: '', protocol: 'default', sequences: 20, seed: 1, source: 'random' },
  fieldId: null,
  jobId: null,
}))

export const openField = (modelFileId?: string): void =>
  useFields.setState(s => ({ open: true, ...(modelFileId ? { form: { ...s.form, modelFileId } } : {}) }))

/** @throws WorkbenchError, for the form to show */
export async function startField(request: FieldRequest): Promise<void> {
  const { fieldId, job } = await call('field.start', request)
  useWorkbench.getState().jobStarted(job)
  useFields.setState({ fieldId, jobId: job.id })
}

/** Measured fields once their job is done. */
export const useField = (fieldId: string | null, done: boolean) =>
  useQuery<readonly ReceptiveField[], WireError>({
    queryKey: ['field', fieldId],
    enabled: fieldId !== null && done,
    queryFn: ({ signal }) => call('field.get', { fieldId: fieldId ?? '' }, signal),
  })
