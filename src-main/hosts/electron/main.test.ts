import type { EventEmitter } from 'node:events'
import { beforeAll, describe, expect, it, vi } from 'vitest'

// A mocked Electron: what is proved is what we ask of it and in which order, not what it does.
const fake = vi.hoisted(() => ({
  order: [] as string[],
  schemes: [] as unknown[],
  windows: [] as { options: unknown; url: string }[],
  handled: new Map<string, (request: Request) => Promise<Response>>(),
  channels: new Map<string, (event: unknown, ...args: unknown[]) => unknown>(),
  sent: [] as { message: { kind: string }; ports: unknown[] }[],
  posted: [] as { channel: string; ports: unknown[] }[],
  answer: undefined as undefined | ((message: unknown) => void),
  app: undefined as undefined | EventEmitter,
}))

vi.mock('electron', async () => {
  const { EventEmitter: Emitter } = await import('node:events')
  const note = (what: string) => fake.order.push(what)
  class App extends Emitter {
    isPackaged = true
    enableSandbox = () => note('sandbox')
    requestSingleInstanceLock = () => true
    whenReady = async () => {
      note('ready')
    }
    getVersion = () => '9.9.9'
    getPath = () => '/tmp'
    quit = () => note('quit')
  }
  fake.app = new App()
  class BrowserWindow extends Emitter {
    static getAllWindows = () => []
    static getFocusedWindow = () => null
    private readonly kept: { options: unknown; url: string }
    constructor(options: unknown) {
      super()
      note('window')
      this.kept = { options, url: '' }
      fake.windows.push(this.kept)
    }
    async loadURL(url: string) {
      this.kept.url = url
    }
    show() {}
  }
  return {
    app: fake.app,
    BrowserWindow,
    dialog: { showOpenDialog: async () => ({ canceled: false, filePaths: ['/data/picked.bam'] }) },
    ipcMain: { handle: (channel: string, h: never) => fake.channels.set(channel, h) },
    Menu: { setApplicationMenu: () => note('menu'), buildFromTemplate: (t: unknown) => t },
    MessageChannelMain: class {
      port1 = { name: 'services end' }
      port2 = { name: 'page end' }
    },
    nativeTheme: { shouldUseDarkColors: false, themeSource: 'system' },
    protocol: {
      registerSchemesAsPrivileged: (schemes: unknown[]) => {
        note('schemes')
        fake.schemes.push(...schemes)
      },
      handle: (scheme: string, h: never) => {
        note('protocol')
        fake.handled.set(scheme, h)
      },
    },
    session: {
      defaultSession: {
        setPermissionRequestHandler: () => note('permissions'),
        setPermissionCheckHandler: () => {},
        setDevicePermissionHandler: () => {},
        webRequest: { onBeforeRequest: () => note('request lock') },
      },
    },
    shell: { openExternal: () => {} },
    utilityProcess: {
      fork: () => {
        note('services')
        const child = new Emitter() as EventEmitter & { postMessage(m: { kind: string }, ports?: unknown[]): void }
        child.postMessage = (message, ports = []) => {
          fake.sent.push({ message, ports })
        }
        fake.answer = message => child.emit('message', message)
        return child
      },
    },
  }
})

beforeAll(async () => {
  Object.assign(process, { resourcesPath: '/opt/Diploscope/resources' }) // Electron sets it in a packaged program
  await import('./main.ts')
  await new Promise(done => setImmediate(done))
})

const own = { sender: { postMessage: (channel: string, _m: unknown, ports: unknown[]) => fake.posted.push({ channel, ports }) }, senderFrame: { parent: null, url: 'app://workbench/index.html' } } // biome-ignore format: one line

describe('start-up', () => {
  it('sandboxes and registers the scheme before ready, and locks the session before a window is there', () => {
    expect(fake.order.slice(0, 3)).toEqual(['sandbox', 'schemes', 'ready'])
    expect(fake.order.indexOf('request lock')).toBeLessThan(fake.order.indexOf('window'))
    expect(fake.order.indexOf('permissions')).toBeLessThan(fake.order.indexOf('window'))
    expect(fake.order.indexOf('protocol')).toBeLessThan(fake.order.indexOf('window'))
  })

  it('gives the scheme no way around the policy', () => {
    expect(fake.schemes).toEqual([
      {
        scheme: 'app',
        privileges: {
          standard: true,
          secure: true,
          supportFetchAPI: true,
          stream: true,
          bypassCSP: false,
          corsEnabled: false,
        },
      },
    ])
  })

  it('loads its own page in a locked window', () => {
    expect(fake.windows).toHaveLength(1)
    expect(fake.windows[0]).toMatchObject({
      url: 'app://workbench/index.html',
      options: { webPreferences: { sandbox: true, contextIsolation: true } },
    })
  })

  it('starts the services with the data folder and the version', () => {
    expect(fake.sent[0]?.message).toMatchObject({ kind: 'start', version: '9.9.9' })
  })
})

describe('at work', () => {
  it('hands one end of a channel to the services and the other to the page', () => {
    fake.channels.get('shell:connect')?.(own)
    expect(fake.sent.at(-1)).toMatchObject({ message: { kind: 'client' }, ports: [{ name: 'services end' }] })
    expect(fake.posted.at(-1)).toMatchObject({ channel: 'shell:port', ports: [{ name: 'page end' }] })
  })

  it('opens what the dialog picked, what the system hands over, and files of a second start', async () => {
    await fake.channels.get('shell:open-dialog')?.(own, 'sample')
    expect(fake.sent.at(-1)?.message).toEqual({ kind: 'open', paths: ['/data/picked.bam'] })
    fake.app?.emit('open-file', { preventDefault() {} }, '/data/handed.bam')
    expect(fake.sent.at(-1)?.message).toEqual({ kind: 'open', paths: ['/data/handed.bam'] })
    fake.app?.emit('second-instance', {}, ['/usr/bin/diploscope', '--some-switch', 'second.bam'], '/data')
    expect(fake.sent.at(-1)?.message).toEqual({ kind: 'open', paths: ['/data/second.bam'] })
  })

  it('answers app:// with the policy, and refuses traversal', async () => {
    const handler = fake.handled.get('app')
    const refused = await handler?.(new Request('app://workbench/..%2f..%2fetc/passwd'))
    expect(refused?.status).toBe(403)
    expect(refused?.headers.get('content-security-policy')).toMatch(/default-src 'none'/)
    expect(refused?.headers.get('x-content-type-options')).toBe('nosniff')
  })

  it('passes a coded error of the services on to the page', async () => {
    const pending = fake.handled.get('app')?.(new Request('app://workbench/data/abc'))
    await new Promise(done => setImmediate(done))
    const question = fake.sent.at(-1)?.message as unknown as { kind: string; id: number; fileId: string; part: string }
    expect(question).toMatchObject({ kind: 'data', fileId: 'abc', part: 'file' })
    fake.answer?.({
      kind: 'answer',
      id: question.id,
      value: null,
      error: { code: 'changed', message: 'it changed', remedy: 'reload' },
    })
    const response = await pending
    expect(response?.status).toBe(409)
    expect(await response?.json()).toMatchObject({ code: 'changed' })
  })
})
