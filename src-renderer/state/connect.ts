import { type Client, createClient } from '../../src-shared/ipc/client.ts'
import { type WireError, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { portWire } from '../../src-shared/ipc/portWire.ts'
import { socketWire } from '../../src-shared/ipc/socketWire.ts'
import type { Wire } from '../../src-shared/ipc/wire.ts'
import { PORT_MESSAGE } from '../../src-shared/shell.ts'

/** The only file that knows which transport the page has: a message port in the desktop shell, a WebSocket in a browser. */

const shell = () => window.diploscopeShell

function portOfShell(): Promise<Wire> {
  return new Promise((resolve, reject) => {
    const onMessage = (event: MessageEvent) => {
      const port = event.ports[0]
      if (event.source !== window || (event.data as { type?: unknown })?.type !== PORT_MESSAGE || !port) return
      window.removeEventListener('message', onMessage)
      resolve(portWire(port))
    }
    window.addEventListener('message', onMessage)
    shell()?.connect().catch(reject)
  })
}

function socketOfHost(): Promise<Wire> {
  const address = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(address)
    const wire = socketWire(socket)
    socket.addEventListener('open', () => resolve(wire), { once: true })
    socket.addEventListener(
      'error',
      () => reject(new WorkbenchError('disconnected', 'The workbench does not answer', 'start it again')),
      { once: true },
    )
  })
}

/** Opens the one connection of this page. @throws WorkbenchError `disconnected` */
export async function connect(): Promise<Client> {
  return createClient(await (shell() ? portOfShell() : socketOfHost()))
}

export interface UploadProgress {
  readonly sent: number
  readonly total: number
}

/**
 * Gives files of a drop to the host. The desktop shell registers them where they lie; a browser host gets their bytes and
 * answers with the entries to open, in one batch so that an index lies beside its file.
 */
export async function giveFiles(
  files: readonly File[],
  onProgress: (name: string, progress: UploadProgress) => void,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const desktop = shell()
  if (desktop) {
    await desktop.openDropped(files)
    return []
  }
  const entries: string[] = []
  let batch: string | undefined
  for (const file of files) {
    const taken = await upload(file, batch, p => onProgress(file.name, p), signal)
    batch = taken.batch
    // An index lies beside its file and is not opened for itself.
    if (!/\.(bai|csi|crai|tbi|fai|gzi)$/i.test(file.name)) entries.push(taken.entryId)
  }
  return entries
}

interface Taken {
  readonly entryId: string
  readonly batch: string
}

function upload(
  file: File,
  batch: string | undefined,
  onProgress: (p: UploadProgress) => void,
  signal: AbortSignal,
): Promise<Taken> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    const fail = (message: string) => reject(new WorkbenchError('bad-input', message, 'open it by Open… instead'))
    request.open('PUT', `upload/${encodeURIComponent(file.name)}${batch ? `?batch=${batch}` : ''}`)
    request.upload.onprogress = e => onProgress({ sent: e.loaded, total: e.total })
    request.onload = () => {
      const answer = parse(request.responseText)
      if (request.status >= 200 && request.status < 300 && answer?.entryId && answer.batch)
        return resolve({ entryId: answer.entryId, batch: answer.batch })
      const error = answer?.error ?? answer
      if (error?.code && error.message) reject(new WorkbenchError(error.code, error.message, error.remedy ?? ''))
      else fail(`'${file.name}' was not accepted (${request.status})`)
    }
    request.onerror = () => fail(`'${file.name}' could not be sent`)
    request.onabort = () => reject(new WorkbenchError('cancelled', 'Cancelled', 'drop it again when you want it'))
    signal.addEventListener('abort', () => request.abort(), { once: true })
    request.send(file)
  })
}

function parse(text: string): (Partial<Taken> & Partial<WireError> & { readonly error?: Partial<WireError> }) | null {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
/** Saves a finished export: where the shell's dialog says, or as a download of the browser. */
export async function saveExport(downloadId: string, name: string): Promise<void> {
  const desktop = shell()
  if (desktop) {
    await desktop.saveExport(downloadId, name)
    return
  }
  clickLink(`download/${downloadId}`, name)
}

/** Saves what the page made itself: a picture, a table. */
export function saveText(content: string | Blob, name: string, type: string): void {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }))
  clickLink(url, name)
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

function clickLink(href: string, name: string) {
  const link = document.createElement('a')
  link.href = href
  link.download = name
  link.click()
}

/** True when the system's own dialog was shown. */
export async function nativeOpenDialog(kind: Parameters<NonNullable<Window['diploscopeShell']>['openDialog']>[0]) {
  const desktop = shell()
  if (!desktop) return false
  await desktop.openDialog(kind)
  return true
}

export const tellShellTheme = (theme: 'light' | 'dark' | 'system') => void shell()?.setTheme(theme)
