import { WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { DType } from '../../src-shared/tensor.ts'

/** A weight of a network: its name in the model folder, its shape there, and how it is stored. */
export interface ParameterSpec {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: DType
  /** May be absent from the file (a counter, a constant that the network can rebuild). */
  readonly optional?: boolean
}

/** What a forward graph is built for. Sizes are static: one graph for each batch and length. */
export interface ForwardOptions {
  readonly batch: number
  /** Base pairs or tokens; the network's own default when absent. */
  readonly length?: number
}

/**
 * A kind of network. One file in `models/` defines it: how `architecture` of model.json is read, which weights that needs,
 * and its forward graph. `Graph` is the builder of `src-main/graph`.
 */
export interface ModelDefinition<Config, Graph, Output> {
  /** The `kind` of model.json. */
  readonly kind: string
  /** Checks `architecture` of model.json. @throws WorkbenchError `bad-model` that names the field and its value */
  parseConfig(json: unknown): Config
  /** Every weight, in the order in which it is written to weights.safetensors. */
  parameters(config: Config): readonly ParameterSpec[]
  /** Declares inputs, parameters (under the names of `parameters`) and outputs in `graph`. */
  buildForward(graph: Graph, config: Config, options: ForwardOptions): Output
}

/** A network whose configuration has been read: what folders, exports and checks work with, whatever its kind. */
export interface ConfiguredModel<Graph, Output> {
  readonly kind: string
  readonly parameters: readonly ParameterSpec[]
  buildForward(graph: Graph, options: ForwardOptions): Output
}

export interface ModelRegistry<Graph, Output> {
  readonly kinds: readonly string[]
  /** @throws WorkbenchError `unsupported` for a kind that this program has not; `bad-model` for a configuration that cannot be */
  configure(kind: string, architecture: unknown): ConfiguredModel<Graph, Output>
}

/** A definition with its configuration type folded away, so that definitions of different kinds fit one list. */
export interface RegisteredModel<Graph, Output> {
  readonly kind: string
  configure(architecture: unknown): ConfiguredModel<Graph, Output>
}

/** To be called once in each model's file: `export const linformer = registered({ kind: 'linformer', … })`. */
export function registered<Config, Graph, Output>(
  definition: ModelDefinition<Config, Graph, Output>,
): RegisteredModel<Graph, Output> {
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

/** A registry over a list of kinds. The list itself is in `models/kinds.ts`. */
export function modelRegistry<Graph, Output>(
  models: readonly RegisteredModel<Graph, Output>[],
): ModelRegistry<Graph, Output> {
  const byKind = new Map(models.map(m => [m.kind, m]))
  return {
    kinds: [...byKind.keys()],
    configure(kind, architecture) {
      const model = byKind.get(kind)
      if (!model)
        throw new WorkbenchError(
          'unsupported',
          `model kind '${kind}' is not one of ${[...byKind.keys()].join(', ') || '(none)'}`,
          'use a model of a known kind, or a newer version of the program',
        )
      return model.configure(architecture)
    },
  }
}
