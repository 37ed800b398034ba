import type { IpcMain, IpcMainInvokeEvent } from 'electron'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { CHANNEL } from './channels.ts'
import { DIALOG_KINDS, type DialogKind } from './dialogs.ts'
import { isOwnUrl } from './window.ts'

/** What main does for a page that asks by the shell contract. Arguments have been checked. */
export interface ShellActions {
  connect(event: IpcMainInvokeEvent): void
  openDialog(kind: DialogKind): Promise<boolean>
  openPaths(paths: readonly string[]): boolean
  saveExport(downloadId: string, suggestedName: string): Promise<boolean>
  setTheme(theme: 'light' | 'dark' | 'system'): void
}

const refused = (what: string) => new WorkbenchError('bad-input', `the shell refuses ${what}`, 'reload the window')

/** True for the top frame of our own page; anything else in a window, and any other page, is refused. */
export function isTrustedSender(event: Pick<IpcMainInvokeEvent, 'senderFrame'>): boolean {
  const frame = event.senderFrame
  return frame !== null && frame.parent === null && isOwnUrl(frame.url)
}

const text = (value: unknown, name: string, max = 4096): string => {
  if (typeof value !== 'string' || value.length === 0 || value.length > max) throw refused(`its argument '${name}'`)
  return value
}

/** A suggested file name must be a name: no folder, no control character. */
const fileName = (value: unknown): string => {
  const name = text(value, 'suggestedName', 200)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[\\/:*?"<>|\u0000-\u001f]/.test(name) || name === '.' || name === '..') throw refused(`the file name '${name}'`)
  return name
}

/** Answers the preload's calls. The sender and every payload are checked before anything is done. */
export function handleShell(ipcMain: Pick<IpcMain, 'handle'>, actions: ShellActions): void {
  const on = (channel: string, answer: (event: IpcMainInvokeEvent, args: readonly unknown[]) => unknown) =>
    ipcMain.handle(channel, (event, ...args: unknown[]) => {
      if (!isTrustedSender(event)) throw refused('a sender that is not its own page')
      return answer(event, args)
    })
  on(CHANNEL.connect, event => actions.connect(event))
  on(CHANNEL.openDialog, (_event, [kind]) => {
    const known = DIALOG_KINDS.find(k => k === kind)
    if (!known) throw refused('an unknown kind of file')
    return actions.openDialog(known)
  })
  on(CHANNEL.openDropped, (_event, [paths]) => {
    if (!Array.isArray(paths) || paths.length > 1000) throw refused('the dropped files')
    return actions.openPaths(paths.map(p => text(p, 'path')))
  })
  on(CHANNEL.saveExport, (_event, [downloadId, suggestedName]) => {
    const id = text(downloadId, 'downloadId', 128)
    if (!/^[A-Za-z0-9_-]+$/.test(id)) throw refused('the download id')
    return actions.saveExport(id, fileName(suggestedName))
  })
  on(CHANNEL.setTheme, (_event, [theme]) => {
    if (theme !== 'light' && theme !== 'dark' && theme !== 'system') throw refused('the theme')
    actions.setTheme(theme)
  })
}
