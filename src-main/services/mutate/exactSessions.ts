import { createHash } from 'node:crypto'
import type { Compute } from '../../compute/client.ts'
import type { LoadOptions, Session } from '../../compute/engine.ts'
import { waitingFor } from '../../graph/flops.ts'
import type { Tensor } from '../../graph/graph.ts'
import { emitOnnx, type ParameterValues } from '../../graph/onnx.ts'

/** Sessions by what they compute: places of a sequence whose graphs are the same share one. The least recently used are closed. */
export class ExactSessions {
  readonly #open = new Map<string, { readonly session: Promise<Session>; readonly limitKey: string }>()
  readonly #compute: Compute
  readonly #values: ReadonlyMap<string, ParameterValues>
  readonly #links: Readonly<Record<string, string>>
  readonly #load: LoadOptions

  constructor(
    compute: Compute,
    network: {
      readonly values: ReadonlyMap<string, ParameterValues>
      readonly links: Readonly<Record<string, string>>
    },
    load: LoadOptions,
  ) {
    this.#compute = compute
    this.#values = network.values
    this.#links = network.links
    this.#load = load
  }

  /** `name`: says what the outputs compute, where that is cheaper than to look. `kind`: of each at most `limit` stay open. */
  async get(
    name: string | undefined,
    outputs: Readonly<Record<string, Tensor>>,
    {
      kind,
      limit,
      workload,
    }: { readonly kind: string; readonly limit: number; readonly workload: LoadOptions['workload'] },
    signal: AbortSignal,
  ): Promise<Session> {
    const emitted = name === undefined ? emitOnnx(outputs, { values: this.#values }).bytes : undefined
    const key = `${kind} ${emitted ? createHash('sha256').update(emitted).digest('hex') : name}`
    const known = this.#open.get(key)
    if (known) {
      this.#open.delete(key)
      this.#open.set(key, known)
      return known.session
    }
    const same = [...this.#open].filter(([, entry]) => entry.limitKey === kind)
    for (const [old, entry] of same.slice(0, Math.max(0, same.length - limit + 1))) {
      this.#open.delete(old)
      await entry.session.then(s => s.close()).catch(() => undefined) // one that did not open holds nothing
    }
    const bytes = emitted ?? emitOnnx(outputs, { values: this.#values }).bytes
    const waiting = waitingFor(Object.values(outputs))
    const session = this.#compute.load({ bytes, links: this.#links }, { ...this.#load, workload: workload!, waiting }, signal) // biome-ignore format: one line
    this.#open.set(key, { session, limitKey: kind })
    return session.catch(error => {
      this.#open.delete(key)
      throw error
    })
  }

  /** Closes all sessions of a kind: what is not needed for long holds the weights of a large network. */
  async drop(kind: string): Promise<void> {
    for (const [key, { session, limitKey }] of [...this.#open]) {
      if (limitKey !== kind) continue
      this.#open.delete(key)
      await session.then(s => s.close()).catch(() => undefined) // one that did not open holds nothing
    }
  }

  async close(): Promise<void> {
    const all = [...this.#open.values()]
    this.#open.clear()
    for (const { session } of all) await session.then(s => s.close()).catch(() => undefined) // as above
  }
}
