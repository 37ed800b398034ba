import type { FileRole } from './openedFile.ts'

/**
 * The few things that the desktop shell does for the page; named functions, exposed by the preload as `window.diploscopeShell`.
 * Absent in a browser. Everything else goes over the contract (ipc/contract.ts).
 */
export interface DiploscopeShell {
  readonly platform: 'linux' | 'darwin' | 'win32'
  /** Shows the system's open dialog. What the user picks arrives as the event `files.opened`; resolves false when nothing was picked. */
  openDialog(kind: FileRole | 'any' | 'folder'): Promise<boolean>
  /** Registers files dropped on the page: only a real `File` of a drop or input has a path, so a page cannot name one. */
  openDropped(files: readonly File[]): Promise<boolean>
  /** Saves a finished export (`/download/<id>`) where the user says; resolves false when the dialog was closed. */
  saveExport(downloadId: string, suggestedName: string): Promise<boolean>
  /** The window's own frame follows the theme. */
  setTheme(theme: 'light' | 'dark' | 'system'): Promise<void>
  /**
   * Asks for a port to the services. It arrives at the page as a window message `{ type: 'diploscope-port' }` with one port,
   * since a port cannot cross the context bridge.
   */
  connect(): Promise<void>
}

export const PORT_MESSAGE = 'diploscope-port'

declare global {
  interface Window {
    readonly diploscopeShell?: DiploscopeShell
  }
}
