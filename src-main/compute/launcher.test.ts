import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { createCompute } from './client.ts'
import { builtEntry } from './entry.ts'
import { type MessageProcess, messageLauncher } from './launcher.ts'

const folder = mkdtempSync(join(tmpdir(), 'launcher-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))

/** A stand-in for Electron's utilityProcess: a child that has a `process.parentPort` which clones whole messages. */
function standIn(entry: string, environment: Readonly<Record<string, string>>): MessageProcess {
  const shim = join(folder, 'shim.mjs')
  writeFileSync(
    shim,
    `const waiting = []; let listener
process.parentPort = { on: (_event, l) => { listener = l; waiting.splice(0).forEach(l) }, postMessage: m => process.send(m) }
process.on('message', data => listener ? listener({ data }) : waiting.push({ data }))
await import(${JSON.stringify(pathToFileURL(entry).href)})`,
  )
  const child: ChildProcess = fork(shim, {
    env: { ...process.env, ...environment },
    serialization: 'advanced',
    silent: true,
    execArgv: [],
  })
  return {
    get pid() {
      return child.pid
    },
    postMessage: m => void child.send(m as object),
    on: child.on.bind(child) as MessageProcess['on'],
    stderr: child.stderr,
    kill: () => child.kill(),
  }
}

describe('a host whose processes exchange messages', () => {
  it('gets the same numbers, cancelling and recovery (a stand-in for utilityProcess, not Electron itself)', async () => {
    const compute = createCompute({
      launcher: messageLauncher(standIn),
      entry: builtEntry('compute/process.js'),
      cacheFolder: join(folder, 'cache'),
      threads: 1,
    })
    expect(await compute.tryDevice('cpu')).toMatchObject({ works: true, ran: { CPUExecutionProvider: 3 } })
    const { pid } = await compute.stats()
    const state = await compute.createState({ x: { dtype: 'float64', shape: [2], data: Float64Array.of(1.5, -2) } })
    expect([...(await state.fetch())['x']!.data]).toEqual([1.5, -2])
    process.kill(pid as number, 'SIGKILL')
    await expect(state.fetch()).rejects.toMatchObject({ code: expect.stringMatching(/disconnected|out-of-memory/) })
    expect((await compute.stats()).pid).not.toBe(pid)
    await compute.close()
  })
})
