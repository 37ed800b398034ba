import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import type { Compute } from '../../compute/client.ts'
import type { ProviderReport } from '../../compute/engine.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import { type ExactNetwork, openExactNetwork } from './exactNetwork.ts'
import { type MutantNetwork, type MutantRequest, openNaiveNetwork } from './mutantNetwork.ts'

/** Why a kind of model cannot be computed incrementally; undefined when it can. */
export function noExact(kind: string): string | undefined {
  return kind === 'onnx' ? 'an imported ONNX graph does not say which part of it a changed base reaches' : undefined
}

/**
 * Opens a network for mutants by the method asked for, and by no other.
 * @throws WorkbenchError `unsupported` when the method is not possible for the model
 */
export async function openMutants(
  method: 'exact' | 'naive',
  request: MutantRequest,
  compute: Compute,
  registry: ModelRegistry,
  context: WorkContext,
): Promise<MutantNetwork> {
  if (method === 'naive') return openNaiveNetwork(request, compute, registry, context)
  const missing = noExact(request.json.kind)
  if (missing) throw new WorkbenchError('unsupported', missing, 'use method naive')
  return openExactNetwork(request, compute, registry, context)
}

/** Bases of the stretches, aligned in the window, whose mutants a network computes best one after the other; 1: any order is as good. */
export function stretchOf(network: MutantNetwork | ExactNetwork): number {
  return 'grouping' in network && !network.grouping.placed ? network.grouping.period : 1
}

/** What ran and where, in words. */
export function ranWith(method: string, provider: ProviderReport): string {
  const nodes = Object.entries(provider.ran).map(([name, count]) => `${count.toLocaleString('en-US')} operations on ${name}`) // biome-ignore format: one line
  return `${method}, ${nodes.join(', ') || 'device not reported'}${provider.note ? ` (${provider.note})` : ''}`
}
