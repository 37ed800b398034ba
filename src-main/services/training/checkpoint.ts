import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { asWorkbenchError, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { Tensor, Tensors } from '../../../src-shared/tensor.ts'
import { openSafetensors, writeSafetensors } from '../../models/checkpoints/safetensors.ts'
import { openAtomic } from '../../storage/atomic.ts'
import { makeFolders } from '../../storage/folders.ts'
import { openFileSource } from '../models/fileSource.ts'
import { clearLeftovers, syncFolder } from '../models/folderSwap.ts'

/** Anything that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** What judgements leave behind for the next one. */
export interface Standing {
  readonly memory: Json
  /** Tensors worth keeping, such as the best weights so far. */
  readonly kept: Tensors
  /** The training is over. */
  readonly stop: boolean
}

/** Where a training stands after `step` updates: everything that the next step depends on. */
export interface TrainingPoint {
  readonly step: number
  /** Where the data source goes on. */
  readonly cursor: Json
  /** Length of metrics.jsonl up to this step; what is behind it was written by a run that was killed. */
  readonly metricsBytes: number
  /** Of the recipe and the graph: a checkpoint of another training is refused. */
  readonly fingerprint: string
  /** Parameters, moments, running statistics by input name. */
  readonly state: Tensors
  /** What validations have left so far. */
  readonly standing?: Standing
}

const FOLDER = 'checkpoints'
/** Before the names of tensors that a validation keeps: no input of a training graph begins so. */
const KEPT_TENSOR = 'kept/'
const NAME = /^step-(\d{9})\.safetensors$/
const nameOf = (step: number) => `step-${String(step).padStart(9, '0')}.safetensors`
/** The newest may be the one that a full disk or a power cut spoils. */
const KEPT = 2

/** One file, so that it is there whole or not at all: temporary name, sync, rename, and the folder synced. Older ones are removed. */
export async function writeCheckpoint(folder: string, point: TrainingPoint): Promise<void> {
  const where = join(folder, FOLDER)
  await makeFolders(where).catch(error => {
    throw asWorkbenchError(error)
  })
  const { state: trained, standing, ...rest } = point
  const { kept, ...judged } = standing ?? { kept: {} }
  const facts = { ...rest, ...(standing ? { standing: judged } : {}) }
  const state: Record<string, Tensor> = { ...trained }
  for (const [name, t] of Object.entries(kept)) state[KEPT_TENSOR + name] = t
  const file = await openAtomic(join(where, nameOf(point.step)))
  try {
    const entries = Object.entries(state).map(([name, t]) => ({ name, dtype: t.dtype, shape: t.shape }))
    await writeSafetensors(
      entries,
      name => state[name] as Tensor,
      bytes => file.write(bytes),
      { training: JSON.stringify(facts) },
    )
    await file.commit()
  } finally {
    await file.abandon()
  }
  await syncFolder(where)
  await clearLeftovers(where)
  for (const step of (await stepsIn(where)).slice(KEPT)) await rm(join(where, nameOf(step)), { force: true })
}

/** Newest first. */
async function stepsIn(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch(() => [])
  return names
    .flatMap(n => NAME.exec(n)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => b - a)
}

/**
 * The newest checkpoint that can be read, or undefined when there is none.
 * @throws WorkbenchError `bad-input` when it belongs to another training; `corrupt` when none of those present can be read
 */
export async function readCheckpoint(folder: string, fingerprint: string): Promise<TrainingPoint | undefined> {
  const where = join(folder, FOLDER)
  let fault: WorkbenchError | undefined
  for (const step of await stepsIn(where)) {
    try {
      const point = await readPoint(join(where, nameOf(step)))
      if (point.fingerprint !== fingerprint)
        throw new WorkbenchError(
          'bad-input',
          `'${folder}' holds a training of another recipe or network`,
          'train into another folder, or give the recipe that was used',
        )
      return point
    } catch (error) {
      const e = asWorkbenchError(error)
      if (e.code !== 'corrupt' && e.code !== 'truncated') throw e
      fault ??= e
    }
  }
  if (fault) throw fault
  return undefined
}

async function readPoint(path: string): Promise<TrainingPoint> {
  const source = await openFileSource(path)
  try {
    const file = await openSafetensors(source)
    const text = file.metadata['training']
    if (text === undefined) throw new WorkbenchError('corrupt', `'${path}' is not a training checkpoint`, 'remove it')
    const facts = factsOf(text, path)
    const state: Record<string, Tensor> = {}
    const kept: Record<string, Tensor> = {}
    for (const name of file.entries.keys()) {
      const tensor = await file.read(name)
      if (name.startsWith(KEPT_TENSOR)) kept[name.slice(KEPT_TENSOR.length)] = tensor
      else state[name] = tensor
    }
    const { standing, ...rest } = facts
    return { ...rest, state, ...(standing ? { standing: { ...standing, kept } } : {}) }
  } finally {
    await source.close()
  }
}

function factsOf(text: string, path: string): Omit<TrainingPoint, 'state'> {
  try {
    const facts = JSON.parse(text) as Omit<TrainingPoint, 'state'> | null
    const counts = [facts?.step, facts?.metricsBytes]
    if (facts && counts.every(n => Number.isSafeInteger(n) && (n as number) >= 0)) return facts
  } catch {}
  throw new WorkbenchError('corrupt', `'${path}' does not say where its training stands`, 'remove it')
}
