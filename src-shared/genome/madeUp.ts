/** What a model says of itself, as far as this rule reads it. */
export interface SaysOfItself {
  readonly name: string
  readonly provenance: { readonly source: string; readonly dataset?: unknown }
  readonly limits: readonly string[]
}

/** Whether a model says that it learnt from made-up data: in `provenance.dataset.madeUp`, or by the word in what it says of itself. */
export function madeUpOf({ name, provenance, limits }: SaysOfItself): 'synthetic' | 'simulated' | null {
  const { dataset, source } = provenance
  const told =
    typeof dataset === 'object' && dataset !== null ? (dataset as Record<string, unknown>)['madeUp'] : undefined
  if (told === 'synthetic' || told === 'simulated') return told
  const words = [name, source, ...limits, typeof dataset === 'string' ? dataset : ''].join(' ')
  if (/\bsynthetic\b/i.test(words)) return 'synthetic'
  return /\bsimulated\b/i.test(words) ? 'simulated' : null
}
