import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MessageChannel } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createClient } from '../../../src-shared/ipc/client.ts'
import type { AppInfo } from '../../../src-shared/ipc/contract.ts'
import { portWire } from '../../../src-shared/ipc/portWire.ts'
import type { FromServices, ToServices } from './channels.ts'

// The real services behind an imitation of the utility process's parent port: Electron's own ports are not proved here.
const dataDir = mkdtempSync(join(tmpdir(), 'diploscope-electron-'))
const answers: FromServices[] = []
let deliver: (message: ToServices, ports?: unknown[]) => void = () => {}

beforeAll(async () => {
  Object.assign(process, {
    parentPort: {
      on: (_type: string, listener: (event: { data: unknown; ports: unknown[] }) => void) => {
        deliver = (data, ports = []) => listener({ data, ports })
      },
      postMessage: (message: FromServices) => answers.push(message),
    },
  })
  await import('./services.ts')
})
afterAll(() => rmSync(dataDir, { recursive: true, force: true, maxRetries: 10 }))

/** A busy machine may let an answer wait. */
const soon = { timeout: 30_000 }
const answered = (id: number) =>
  vi.waitFor(() => {
    const found = answers.find(a => a.kind === 'answer' && a.id === id)
    if (!found) throw new Error('no answer yet')
    return found
  }, soon)

describe('the services process', () => {
  it('refuses a question before it was started, with a code', async () => {
    deliver({ kind: 'data', id: 1, fileId: 'x', part: 'file' })
    expect(await answered(1)).toMatchObject({ error: { code: 'internal' } })
  })

  it('serves a window over a port', async () => {
    deliver({
      kind: 'start',
      dataDir,
      assetsDir: join(dataDir, 'none'),
      version: '1.2.3',
      startPaths: [],
      startFolder: dataDir,
    })
    const { port1, port2 } = new MessageChannel()
    deliver({ kind: 'client' }, [port1])
    const client = createClient(portWire(port2 as unknown as Parameters<typeof portWire>[0]))
    const info: AppInfo = await client.call('app.info', {})
    expect(info).toMatchObject({ host: 'electron', dialogs: 'native', version: '1.2.3' })
    port2.close()
  })

  it('answers a question about a file that is not there with its code', async () => {
    deliver({ kind: 'data', id: 2, fileId: 'nosuch', part: 'file' })
    expect(await answered(2)).toMatchObject({ error: { code: 'not-found' } })
  })
})
