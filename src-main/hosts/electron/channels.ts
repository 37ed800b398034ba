/** Names of the messages between preload and main: the shell contract, nothing else. */
export const CHANNEL = {
  connect: 'shell:connect',
  openDialog: 'shell:open-dialog',
  openDropped: 'shell:open-dropped',
  saveExport: 'shell:save-export',
  setTheme: 'shell:set-theme',
  port: 'shell:port',
} as const

/** What main and the services process say to each other beside the pages' ports. Ids pair an answer with its question. */
export type ToServices =
  | {
      readonly kind: 'start'
      readonly dataDir: string
      readonly startPaths: readonly string[]
      readonly version: string
    }
  | { readonly kind: 'client' } // with one port
  | { readonly kind: 'open'; readonly paths: readonly string[] }
  | { readonly kind: 'command'; readonly command: string }
  | { readonly kind: 'content'; readonly id: number; readonly fileId: string; readonly index: boolean }
  | { readonly kind: 'download'; readonly id: number; readonly downloadId: string }
  | { readonly kind: 'pdf-result'; readonly id: number; readonly bytes: Uint8Array | null; readonly message: string }
  | { readonly kind: 'stop' }

export type FromServices =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown; readonly error?: string }
  | { readonly kind: 'pdf'; readonly id: number; readonly html: string }
