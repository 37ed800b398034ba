/** Undo and redo over immutable values. Steps that belong together (a drag, a key held down) become one. */
export interface History<T> {
  readonly past: readonly Entry<T>[]
  readonly present: T
  readonly future: readonly Entry<T>[]
  /** What the last step was and when, so that the next may join it. */
  readonly last: { readonly joins: string; readonly at: number } | null
}
export interface Entry<T> {
  readonly value: T
  readonly label: string
}

const LIMIT = 200
/** Steps of one kind this close together (ms) are one step. */
const JOIN_MS = 1500

export const historyOf = <T>(present: T): History<T> => ({ past: [], present, future: [], last: null })

/** A new present. `joins` names a kind of step whose repetitions within 1.5 s are undone together. */
export function step<T>(h: History<T>, next: T, label: string, now: number, joins?: string): History<T> {
  if (next === h.present) return h
  const together = joins !== undefined && h.last?.joins === joins && now - h.last.at < JOIN_MS && h.past.length > 0
  return {
    past: together ? h.past : [...h.past, { value: h.present, label }].slice(-LIMIT),
    present: next,
    future: [],
    last: joins === undefined ? null : { joins, at: now },
  }
}

/** Changes the present without a step: what the program adjusts by itself is nothing to undo. */
export const amend = <T>(h: History<T>, next: T): History<T> => (next === h.present ? h : { ...h, present: next })

export function undo<T>(h: History<T>): History<T> {
  const back = h.past.at(-1)
  if (!back) return h
  return {
    past: h.past.slice(0, -1),
    present: back.value,
    future: [{ value: h.present, label: back.label }, ...h.future],
    last: null,
  }
}

export function redo<T>(h: History<T>): History<T> {
  const [forward, ...rest] = h.future
  if (!forward) return h
  return {
    past: [...h.past, { value: h.present, label: forward.label }],
    present: forward.value,
    future: rest,
    last: null,
  }
}
