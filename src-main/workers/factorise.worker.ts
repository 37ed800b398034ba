import { parentPort } from 'node:worker_threads'
import { toWire } from '../../src-shared/ipc/errors.ts'
import { svd } from '../models/lowRank/factorise.ts'
import { factorise } from '../models/lowRank/factoriseModel.ts'
import type { FromFactorise, ToFactorise } from './factoriseClient.ts'

const port = parentPort
if (!port) throw new Error('the factorising worker is started as a thread')
const say = (message: FromFactorise) => port.postMessage(message)

port.on('message', ({ w, call }: ToFactorise) => {
  try {
    say(call ? { kind: 'factors', factors: factorise(w, call) } : { kind: 'values', values: svd(w).values })
  } catch (error) {
    say({ kind: 'fault', error: toWire(error) })
  }
})
