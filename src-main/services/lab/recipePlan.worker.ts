import { parentPort, workerData } from 'node:worker_threads'
import { visitCost } from '../planner/modelEstimate.ts'
import { EXPERIMENT_READERS } from './experiments.ts'
import { planRecipes } from './recipePlan.ts'
import type { FromThread, ThreadRequest } from './recipePlanThread.ts'

// One list of recipes a thread. It is cancelled by ending the thread.
const port = parentPort
if (!port) throw new Error('recipes are planned in a thread')
const send = (message: FromThread) => port.postMessage(message)
const { requests, points, dataFolders, rates } = workerData as ThreadRequest
await planRecipes(
  requests,
  {
    points,
    dataFolders,
    readers: EXPERIMENT_READERS,
    async costOf({ estimateSeconds, graph }) {
      if (!graph) return estimateSeconds === undefined ? null : { seconds: estimateSeconds, peakBytes: 0 }
      const planned = visitCost(graph(), rates)
      return { seconds: estimateSeconds ?? planned.totalSeconds, peakBytes: planned.peakBytes, planned }
    },
  },
  send,
)
send('done')
