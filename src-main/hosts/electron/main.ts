import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import {
  app,
  BrowserWindow,
  dialog,
  ipcMain,
  Menu,
  MessageChannelMain,
  nativeTheme,
  protocol,
  session,
  shell,
  utilityProcess,
} from 'electron'
import { asWorkbenchError, toWire } from '../../../src-shared/ipc/errors.ts'
import { CHANNEL_VARIABLE } from '../../compute/channel.ts'
import { contentSecurityPolicy, createContent, securityHeaders } from '../../services/content.ts'
import { defaultDataDir } from '../../services/dataDir.ts'
import type { Download } from '../../services/downloads.ts'
import type { Fingerprint } from '../../services/fingerprint.ts'
import { CHANNEL } from './channels.ts'
import { dialogFilters } from './dialogs.ts'
import { menuTemplate } from './menu.ts'
import { renderPdf } from './pdf.ts'
import { createServicesProcess, type ServicesProcess } from './servicesProcess.ts'
import { handleShell } from './shell.ts'
import { APP_SCHEME, lockContents, lockSession, START_URL, windowOptions } from './window.ts'

// Everything before `ready` that can only be said before it.
app.enableSandbox()
protocol.registerSchemesAsPrivileged([
  {
    scheme: APP_SCHEME,
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

const here = import.meta.dirname
/** Files named on the command line; Electron's and Chromium's own switches begin with a dash. Unpackaged, the program's folder comes first. */
const pathsOf = (argv: readonly string[], folder: string) =>
  argv
    .filter(a => !a.startsWith('-'))
    .slice(app.isPackaged ? 1 : 2)
    .map(a => resolve(folder, a))
const early: string[] = []
let services: ServicesProcess | undefined
const openPaths = (paths: readonly string[]) => {
  if (paths.length === 0) return false
  if (services) services.send({ kind: 'open', paths })
  else early.push(...paths)
  return true
}

function connect(contents: Electron.WebContents): void {
  const { port1, port2 } = new MessageChannelMain()
  services?.send({ kind: 'client' }, [port1])
  contents.postMessage(CHANNEL.port, null, [port2])
}

function createWindow(): BrowserWindow {
  const window = new BrowserWindow(windowOptions(join(here, 'preload.cjs'), nativeTheme.shouldUseDarkColors))
  window.once('ready-to-show', () => window.show())
  void window.loadURL(START_URL)
  return window
}

async function openDialog(kind: Parameters<typeof dialogFilters>[0]): Promise<boolean> {
  const parent = BrowserWindow.getFocusedWindow()
  const options: Electron.OpenDialogOptions = {
    properties: [kind === 'folder' ? 'openDirectory' : 'openFile', 'multiSelections'],
    filters: dialogFilters(kind),
  }
  const picked = parent ? await dialog.showOpenDialog(parent, options) : await dialog.showOpenDialog(options)
  return !picked.canceled && openPaths(picked.filePaths)
}

async function saveExport(downloadId: string, suggestedName: string): Promise<boolean> {
  const picked = await dialog.showSaveDialog({ defaultPath: suggestedName })
  if (picked.canceled || !picked.filePath) return false
  const download = (await services?.ask(id => ({ kind: 'download', id, downloadId, keep: false }))) as Download
  await writeFile(picked.filePath, download.bytes).catch(error => {
    throw asWorkbenchError(error)
  })
  return true
}

function startServices(): ServicesProcess {
  const assetsDir = app.isPackaged ? join(process.resourcesPath, 'assets') : join(here, '..', '..', 'assets')
  return createServicesProcess({
    fork: () =>
      utilityProcess.fork(join(here, 'services.js'), [], { serviceName: 'Diploscope services', stdio: 'inherit' }),
    start: {
      kind: 'start',
      dataDir: defaultDataDir(),
      assetsDir,
      version: app.getVersion(),
      startPaths: [...early, ...pathsOf(process.argv, process.cwd())],
      startFolder: app.getPath('documents'),
    },
    forkCompute: (entry, environment) => {
      const child = utilityProcess.fork(entry, [], {
        serviceName: 'Diploscope compute',
        stdio: ['ignore', 'inherit', 'inherit'],
        env: { ...process.env, ...environment, [CHANNEL_VARIABLE]: 'port' },
      })
      const { port1, port2 } = new MessageChannelMain()
      child.postMessage(null, [port1])
      return { child, port: port2 }
    },
    renderPdf: html =>
      renderPdf(
        html,
        () =>
          new BrowserWindow({
            show: false,
            webPreferences: { sandbox: true, contextIsolation: true, javascript: false },
          }),
      ),
    // The pages notice their closed ports and ask for new ones; a banner tells.
    onRestart: () => {},
  })
}

function ready(): void {
  lockSession(session.defaultSession)
  services = startServices()
  protocol.handle(
    APP_SCHEME,
    createContent({
      rendererDir: join(here, '..', 'renderer'),
      source: {
        data: async (fileId, part) =>
          (await services?.ask(id => ({ kind: 'data', id, fileId, part }))) as {
            path: string
            fingerprint: Fingerprint
          },
        download: async (downloadId, keep) =>
          (await services?.ask(id => ({ kind: 'download', id, downloadId, keep }))) as Download,
        noteProblem: (fileId, error) => services?.send({ kind: 'note-problem', fileId, error: toWire(error) }),
      },
      headers: () => securityHeaders(contentSecurityPolicy()),
      fault: error => process.stderr.write(`diploscope: internal: ${asWorkbenchError(error).message}\n`),
    }),
  )
  handleShell(ipcMain, {
    connect: event => connect(event.sender),
    openDialog,
    openPaths,
    saveExport,
    setTheme: theme => {
      nativeTheme.themeSource = theme
    },
  })
  Menu.setApplicationMenu(
    Menu.buildFromTemplate(
      menuTemplate(
        process.platform,
        command => services?.send({ kind: 'command', command }),
        () => void openDialog('any'),
      ),
    ),
  )
  createWindow()
}

// One instance a user: a second start hands its files to the first and ends.
if (!app.requestSingleInstanceLock()) app.quit()
else {
  app.on('second-instance', (_event, argv, folder) => {
    openPaths(pathsOf(argv, folder))
    const [window] = BrowserWindow.getAllWindows()
    if (window?.isMinimized()) window.restore()
    window?.focus()
  })
  app.on('open-file', (event, path) => {
    event.preventDefault()
    openPaths([path])
  })
  app.on('web-contents-created', (_event, contents) => lockContents(contents, url => void shell.openExternal(url)))
  app.on('activate', () => {
    if (BrowserWindow.getAllWindows().length === 0) createWindow()
  })
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit()
  })
  let stopped = false
  app.on('will-quit', event => {
    if (stopped || !services) return
    event.preventDefault()
    void services.stop().finally(() => {
      stopped = true
      app.quit()
    })
  })
  void app
    .whenReady()
    .then(ready)
    .catch(error => {
      dialog.showErrorBox('Diploscope could not start', asWorkbenchError(error).message)
      app.exit(1)
    })
}
