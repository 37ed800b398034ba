import { parentPort } from 'node:worker_threads'
import { toWire, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { quietContext } from '../../src-shared/job.ts'
import { type GeneSet, openGenes } from '../readers/genes.ts'
import type { FromGeneWorker, ToGeneWorker } from './genesClient.ts'

/** An annotation of all human genes takes some 100 MB: the one in use, and one to compare with. */
const KEPT = 2

const port = parentPort
if (!port) throw new Error('the gene worker is started as a thread')
const sets = new Map<string, Promise<GeneSet>>()

/** The genes of a file in the given state, read once. A file that could not be read is tried again. */
function genesOf(path: string, state: string): Promise<GeneSet> {
  const key = `${state} ${path}`
  const known = sets.get(key)
  const set = known ?? openGenes(path, quietContext())
  sets.delete(key)
  sets.set(key, set)
  set.catch(() => sets.delete(key))
  for (const old of [...sets.keys()].slice(0, -KEPT)) sets.delete(old)
  return set
}

async function answer(message: ToGeneWorker): Promise<FromGeneWorker> {
  const { id, path, state } = message
  try {
    const genes = await genesOf(path, state)
    const { malformed } = genes
    switch (message.kind) {
      case 'search':
        return { id, malformed, value: genes.search(message.query, message.limit) }
      case 'range':
        return { id, malformed, value: genes.range(message.interval) }
    }
  } catch (error) {
    return { id, error: toWire(error instanceof WorkbenchError ? error : asMemory(error)) }
  }
}

const asMemory = (error: unknown) =>
  error instanceof RangeError
    ? new WorkbenchError('out-of-memory', 'the annotation is too large to hold', 'open one with fewer genes')
    : error

port.on('message', (message: ToGeneWorker) => {
  void answer(message).then(reply => port.postMessage(reply))
})
