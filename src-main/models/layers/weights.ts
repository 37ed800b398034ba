import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { Graph, Tensor } from '../../graph/graph.ts'
import type { ParameterSpec } from '../registry.ts'

/** A weight as a layer declares it. */
export type WeightSpec = ParameterSpec

/** A trained float tensor in the canonical layout: linear [out, in], conv [out, in, kernel], vectors [channels]. */
export const weight = (name: string, ...shape: number[]): WeightSpec => ({ name, shape, dtype: 'float32' })

/** The matrix [out, in] of a linear map, or the kernels [out, in, kernel] of a convolution: may be stored as two factors. */
export const mapWeight = (name: string, ...shape: number[]): WeightSpec => ({ ...weight(name, ...shape), map: true })

/** A tensor that training does not touch by gradient. */
export const buffer = (name: string, ...shape: number[]): WeightSpec => ({
  name,
  shape,
  dtype: 'float32',
  buffer: true,
})

/** Trained numbers, from shapes alone: nothing is allocated. */
export const parameterCount = (specs: readonly WeightSpec[]): number =>
  specs.reduce((sum, spec) => sum + (spec.buffer ? 0 : spec.shape.reduce((n, length) => n * length, 1)), 0)

/** Declares a model's weights in a graph by name: what a layer asks for must be among the specs, so the two cannot drift apart. */
export class Weights {
  readonly graph: Graph
  readonly #specs: ReadonlyMap<string, WeightSpec>

  constructor(graph: Graph, specs: readonly WeightSpec[]) {
    this.graph = graph
    this.#specs = new Map(specs.map(spec => [spec.name, spec]))
    if (this.#specs.size !== specs.length) {
      const twice = specs.find((spec, i) => specs.findIndex(other => other.name === spec.name) !== i)
      throw new WorkbenchError('bad-model', `weight '${twice?.name}' is declared twice`, 'check the model definition')
    }
  }

  has(name: string): boolean {
    return this.#specs.has(name)
  }

  /** @throws WorkbenchError `bad-model` for a weight that the model does not declare */
  get(name: string): Tensor {
    const spec = this.#specs.get(name)
    if (!spec)
      throw new WorkbenchError(
        'bad-model',
        `weight '${name}' is not declared by the model`,
        'check the model definition',
      )
    const dtype = spec.dtype === 'int32' ? 'int32' : this.graph.float
    return spec.buffer ? this.graph.state(name, spec.shape, dtype) : this.graph.parameter(name, spec.shape, dtype)
  }
}
