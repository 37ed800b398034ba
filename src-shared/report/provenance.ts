/** A file that an answer rests on, so that it can be told apart from another of the same name. */
export interface FileFingerprint {
  readonly role: 'reads' | 'index' | 'reference' | 'model' | 'variants'
  /** Without its folder. */
  readonly name: string
  readonly sizeBytes: number
  /** `sha256` of the whole file, or of its head, tail and size for files too large to read whole. */
  readonly algorithm: 'sha256' | 'sha256-of-ends'
  readonly hash: string
}

/** Where a result comes from: enough to make it again. */
export interface Provenance {
  readonly program: string
  readonly version: string
  /** ISO 8601, UTC. */
  readonly createdAt: string
  readonly files: readonly FileFingerprint[]
  readonly options: Readonly<Record<string, string | number | boolean>>
}
