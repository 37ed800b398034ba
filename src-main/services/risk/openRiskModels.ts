import type { WorkContext } from '../../../src-shared/job.ts'
import type { Compute } from '../../compute/client.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import type { OpenModels } from '../models/openModels.ts'
import { type Attributor, openAttribution } from './attribution.ts'
import { openRiskModel, type RiskModel } from './riskModel.ts'

/** A risk model kept open, its derivative opened when it is first asked for. */
export interface KeptRiskModel {
  readonly model: RiskModel
  /** Of all that a score depends on. */
  readonly key: string
  attributor(context: WorkContext): Promise<Attributor>
}

export interface OpenRiskModels {
  /** Runs work on a model, which stays open for the next. @throws WorkbenchError `bad-model`, and what opening throws */
  with<T>(modelFileId: string, context: WorkContext, work: (kept: KeptRiskModel) => Promise<T>): Promise<T>
  close(): Promise<void>
}

interface Kept extends KeptRiskModel {
  close(): Promise<void>
}

interface Slot {
  readonly opened: Promise<Kept>
  users: number
}

/** Networks held beside one another: a cohort's and the sample's that is looked at meanwhile. */
const KEPT_OPEN = 2

/** Risk models are opened once: reading the tokenizer and the network takes longer than a score. */
export function createOpenRiskModels(parts: {
  readonly models: OpenModels
  readonly compute: () => Promise<Compute>
  readonly registry: ModelRegistry
}): OpenRiskModels {
  const slots = new Map<string, Slot>()

  const open = async (folder: string): Promise<Kept> => {
    const deps = { compute: await parts.compute(), registry: parts.registry }
    // The model outlives the call that opens it, so that another caller's cancellation never leaves it half open.
    const lasting: WorkContext = { signal: new AbortController().signal, report() {} }
    const model = await openRiskModel(folder, deps, lasting)
    let attributor: Promise<Attributor> | undefined
    return {
      model,
      key: model.scoreKey,
      attributor() {
        attributor ??= openAttribution(model, deps, lasting)
        return attributor
      },
      async close() {
        const own = await attributor?.catch(() => undefined)
        await Promise.all([own?.close(), model.close()])
      },
    }
  }

  const drop = async (id: string, slot: Slot) => {
    slots.delete(id)
    await slot.opened.then(k => k.close()).catch(() => undefined)
  }

  return {
    async with(modelFileId, context, work) {
      const { folder, state, verify } = await parts.models.use(modelFileId)
      const id = `${folder}\n${state}`
      let slot = slots.get(id)
      if (!slot) {
        await verify(context)
        slot = slots.get(id) ?? { opened: open(folder), users: 0 }
        slots.set(id, slot)
        slot.opened.catch(() => slots.delete(id))
      }
      slot.users++
      try {
        return await work(await slot.opened)
      } finally {
        slot.users--
        const idle = [...slots].filter(([, s]) => s.users === 0)
        for (const [other, s] of idle.slice(0, Math.max(0, slots.size - KEPT_OPEN))) await drop(other, s)
      }
    },
    async close() {
      await Promise.all([...slots].map(([id, s]) => drop(id, s)))
    },
  }
}
