import { throwIfCancelled, WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { WorkContext } from '../../../src-shared/job.ts'
import { seededRandom } from '../../../src-shared/random.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import {
  type FactorisedLayer,
  type FactorMethod,
  factorisedSource,
  rankForEnergy,
} from '../../models/lowRank/factoriseModel.ts'
import type { ModelRegistry } from '../../models/registry.ts'
import { openModelFolder, writeModelFolder } from './modelFolder.ts'

export interface FactoriseRequest {
  readonly folder: string
  readonly out: string
  readonly method: FactorMethod
  /** The rank of every layer, or the share of the energy that every layer must keep. */
  readonly choice: { readonly rank: number } | { readonly keptEnergy: number }
  readonly seed: number
  readonly now: number
  readonly replace?: boolean
}

/** A trained `transformer` as a model folder of kind `lrt`, with what each layer lost. */
export async function factoriseModel(
  request: FactoriseRequest,
  registry: ModelRegistry,
  context: WorkContext,
): Promise<{ readonly json: ModelJson; readonly layers: readonly FactorisedLayer[] }> {
  const model = await openModelFolder(request.folder)
  try {
    const { json } = model
    if (json.kind !== 'transformer') throw new WorkbenchError('bad-input', `'${request.folder}' is a ${json.kind}, not a transformer`, 'factorise a model of kind transformer') // biome-ignore format: one thought
    const specsOf = (rank: number) => registry.configure('lrt', { ...json.architecture, rank }).parameters
    let seen = 0
    const step = () => {
      throwIfCancelled(context.signal)
      context.report({ phase: 'factorising', done: ++seen, total: 0 })
    }
    const { choice } = request
    const rank =
      'rank' in choice ? choice.rank : await rankForEnergy(model.weights, specsOf(1), choice.keptEnergy, step)
    const layers: FactorisedLayer[] = []
    const specs = specsOf(rank)
    const weights = factorisedSource(model.weights, specs, {
      method: request.method,
      rank,
      random: seededRandom(request.seed),
      onLayer(layer) {
        layers.push(layer)
        step()
      },
    })
    const { format: _f, formatVersion: _v, weights: _w, tokenizer, ...rest } = json
    const written = await writeModelFolder(
      request.out,
      {
        json: {
          ...rest,
          id: `${json.id}-lrt${rank}`,
          name: `${json.name}, factorised to rank ${rank}`,
          kind: 'lrt',
          architecture: { ...json.architecture, rank },
          provenance: {
            source: `${request.method} of '${json.id}' (weights SHA-256 ${json.weights.sha256})`,
            seed: request.method === 'svd' ? null : request.seed,
            created: new Date(request.now).toISOString(),
          },
          limits: [
            ...json.limits,
            'Factorised after training and not trained further; metrics of the original do not hold.',
          ],
        },
        weights,
        specs,
        ...(tokenizer && model.tokenizerPath
          ? {
              tokenizer: { path: model.tokenizerPath, ...(tokenizer.specials ? { specials: tokenizer.specials } : {}) },
            }
          : {}),
      },
      context,
      { replace: request.replace ?? false },
    )
    return { json: written, layers }
  } finally {
    await model.close()
  }
}
