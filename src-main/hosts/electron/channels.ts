import type { ShellCommand } from '../../../src-shared/ipc/contract.ts'
import type { WireError } from '../../../src-shared/ipc/errors.ts'
import type { DataPart } from '../../services/files.ts'

/** Names of the messages between preload and main: the shell contract, nothing else. */
export const CHANNEL = {
  connect: 'shell:connect',
  openDialog: 'shell:open-dialog',
  openDropped: 'shell:open-dropped',
  saveExport: 'shell:save-export',
  setTheme: 'shell:set-theme',
  port: 'shell:port',
} as const

/** What main tells and asks the services process beside the pages' ports. Ids pair an answer with its question. */
export type ToServices =
  | {
      readonly kind: 'start'
      readonly dataDir: string
      readonly assetsDir: string
      readonly version: string
      /** Paths of the command line and of the operating system's "open with". */
      readonly startPaths: readonly string[]
      readonly startFolder: string
    }
  | { readonly kind: 'client' } // with one port
  | { readonly kind: 'open'; readonly paths: readonly string[] }
  | { readonly kind: 'command'; readonly command: ShellCommand }
  | { readonly kind: 'data'; readonly id: number; readonly fileId: string; readonly part: DataPart }
  | { readonly kind: 'note-problem'; readonly fileId: string; readonly error: WireError }
  | { readonly kind: 'download'; readonly id: number; readonly downloadId: string; readonly keep: boolean }
  /** A compute process was forked; with one port to it. */
  | { readonly kind: 'compute'; readonly id: number; readonly pid: number | undefined }
  | { readonly kind: 'compute-exit'; readonly id: number; readonly code: number }
  | { readonly kind: 'pdf-result'; readonly id: number; readonly bytes: Uint8Array | null; readonly message: string }
  | { readonly kind: 'stop' }

export type FromServices =
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown; readonly error?: WireError }
  /** Only main may fork: it starts `entry` and hands over a port. */
  | {
      readonly kind: 'fork-compute'
      readonly id: number
      readonly entry: string
      readonly environment: Readonly<Record<string, string>>
    }
  | { readonly kind: 'kill-compute'; readonly id: number }
  /** A report as HTML that is to become a PDF. */
  | { readonly kind: 'pdf'; readonly id: number; readonly html: string }
