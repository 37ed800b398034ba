import { throwIfCancelled } from '../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../src-shared/job.ts'
import { cleaner, encoderOf, learnedPanel } from '../domain/cohort/encoding.ts'
import type { Panel } from '../domain/cohort/panel.ts'
import { tokenizerOf } from '../domain/cohort/peopleTokenizer.ts'
import { loadTokenizer } from '../domain/tokenizer/tokenizer.ts'
import { nfkcCharsmap } from '../domain/tokenizer/train/nfkcMap.ts'

/** What becomes of a cohort's diplotypes before a network reads them. */
export interface PeopleRowsRequest {
  /** One character a base of the region, everybody. */
  readonly texts: readonly string[]
  /** Who is learned from: the panel and the tokenizer see nobody else. */
  readonly training: Int32Array
  readonly reference: string
  readonly panelShare: number
  /** Instead of one that is learned; null: whole diplotypes. */
  readonly panel?: Panel | null
  readonly uncovered: 'N' | 'reference'
  /** A model's bytes, or how one is trained on the first people of the training part. */
  readonly tokenizer: Uint8Array | { readonly vocabulary: number; readonly maxPieceLength: number; readonly people: number; readonly seed: number } // biome-ignore format: one line
  /** The map of the normaliser, where it was made before: it takes seconds and is always the same. */
  readonly charsmap?: Uint8Array
}

export interface PeopleRows {
  /** Null when nobody needed it. */
  readonly charsmap: Uint8Array | null
  readonly panel: Panel | null
  readonly tokenizer: Uint8Array
  /** Pieces of the tokenizer. */
  readonly pieces: number
  /** Ids of everybody, [CLS] and [SEP] included. */
  readonly rows: readonly Int32Array[]
}

/** Panel and tokenizer of the training people, and everybody's ids by them: seconds of work for some hundred people. */
export function peopleRows(request: PeopleRowsRequest, context: WorkContext): PeopleRows {
  const { texts, reference } = request
  const training = Array.from(request.training, i => texts[i]!)
  const panel = request.panel === undefined ? learnedPanel(training, reference, request.panelShare) : request.panel // biome-ignore format: one line
  const clean = cleaner(reference, panel, request.uncovered)
  const made = request.tokenizer
  const charsmap = made instanceof Uint8Array ? null : (request.charsmap ?? nfkcCharsmap())
  const tokenizer = made instanceof Uint8Array ? made : tokenizerOf(training.slice(0, made.people).map(t => clean(t).text), made, context, charsmap!) // biome-ignore format: one line
  const loaded = loadTokenizer(tokenizer)
  const encoder = encoderOf(loaded, clean)
  const rows = texts.map((text, i) => {
    throwIfCancelled(context.signal)
    context.report({ phase: 'encoding people', done: i, total: texts.length })
    return encoder.ids(encoder.clean(text).text)
  })
  return { charsmap, panel, tokenizer, pieces: loaded.size, rows }
}
