import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { DType } from '../../src-shared/tensor.ts'
import type { Graph, Tensor } from '../graph/graph.ts'
import { checkArchitectureSize } from './architectureLimits.ts'
import type { TrainingMode } from './layers/training.ts'

/** A weight of a network: its name and shape in the model folder, and how it is stored there. */
export interface ParameterSpec {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: DType
  /** May be absent from the file (a counter, a constant that the network can rebuild). */
  readonly optional?: boolean
  /** Belongs to the model but is not trained: running statistics, a stored attention pattern. Not counted as a parameter. */
  readonly buffer?: true
  /** Its numbers shape the graph (a stored attention pattern): they are given to `buildForward`, not fed at each run. */
  readonly structure?: true
  /** A linear map [out, in] or a convolution [out, in, kernel] over all channels: may be stored as two factors (layers/ranks.ts). */
  readonly map?: true
}

/** What a forward graph is built for. Sizes are static: one graph for each batch and length. */
export interface ForwardOptions {
  readonly batch: number
  /** Base pairs or tokens; the network's own default when absent. */
  readonly length?: number
  /** Present when the graph is to be trained; absent: inference. */
  readonly training?: TrainingMode
  /** Values of the weights that are marked `structure`, by name. */
  readonly structure?: ReadonlyMap<string, ArrayLike<number>>
  /** What Enformer's relatives score at once: `chunked` (default) some queries, `whole` all, as the published code. The same numbers. */
  readonly attention?: AttentionPieces
}

/** `whole`: memory grows with length² where attention is full, and with the whole pattern where it is sparse. */
export type AttentionPieces = 'chunked' | 'whole'

/** Outputs of a forward graph by the names that users see (`human`, `logits`). */
export type ForwardOutputs = Readonly<Record<string, Tensor>>

/**
 * A kind of network. One file in `models/` defines it: how `architecture` of model.json is read, which weights that needs,
 * and its forward graph.
 */
export interface ModelDefinition<Config> {
  /** The `kind` of model.json. */
  readonly kind: string
  /** Checks `architecture` of model.json. @throws WorkbenchError `bad-model` that names the field and its value */
  parseConfig(json: unknown): Config
  /** Every weight, in the order in which it is written to weights.safetensors. */
  parameters(config: Config): readonly ParameterSpec[]
  /** Declares inputs and, under the names of `parameters`, the parameters and states in `graph`; gives the outputs. */
  buildForward(graph: Graph, config: Config, options: ForwardOptions): ForwardOutputs
}

/** A network whose configuration has been read: what folders, exports and checks work with, whatever its kind. */
export interface ConfiguredModel {
  readonly kind: string
  readonly parameters: readonly ParameterSpec[]
  buildForward(graph: Graph, options: ForwardOptions): ForwardOutputs
}

/** A definition with its configuration type folded away, so that definitions of different kinds fit one list. */
export interface RegisteredModel {
  readonly kind: string
  configure(architecture: unknown): ConfiguredModel
}

/** To be called once in each model's file: `export const linformer = registered({ kind: 'linformer', … })`. */
export function registered<Config>(definition: ModelDefinition<Config>): RegisteredModel {
  return {
    kind: definition.kind,
    configure(architecture) {
      const config = definition.parseConfig(architecture)
      return {
        kind: definition.kind,
        parameters: definition.parameters(config),
        buildForward: (graph, options) => definition.buildForward(graph, config, options),
      }
    },
  }
}

export interface ModelRegistry {
  readonly kinds: readonly string[]
  /** @throws WorkbenchError `unsupported` for a kind that this program has not; `bad-model` for a configuration that cannot be */
  configure(kind: string, architecture: unknown): ConfiguredModel
}

/** A registry over a list of kinds; the program's own list is `MODELS` in kinds.ts. */
export function modelRegistry(models: readonly RegisteredModel[]): ModelRegistry {
  const byKind = new Map(models.map(m => [m.kind, m]))
  const known = [...byKind.keys()]
  return {
    kinds: known,
    configure(kind, architecture) {
      const model = byKind.get(kind)
      if (!model)
        throw new WorkbenchError(
          'unsupported',
          `model kind '${kind}' is not one of ${known.join(', ') || '(none)'}`,
          'use a model of a known kind, or a newer version of the program',
        )
      checkArchitectureSize(architecture)
      return model.configure(architecture)
    },
  }
}
