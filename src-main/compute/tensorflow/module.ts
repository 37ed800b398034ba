/** The few calls of `@tensorflow/tfjs-node(-gpu)` 4.x that the adapter makes. Nothing else of it is used. */
export interface TensorFlowModule {
  readonly version: Readonly<Record<string, string>>
  tensor(
    data: Float32Array | Int32Array | Uint8Array,
    shape: readonly number[],
    dtype: TensorFlowType,
  ): TensorFlowTensor
  readonly node: {
    loadSavedModel(path: string, tags?: readonly string[], signature?: string): Promise<SavedModel>
  }
}

export type TensorFlowType = 'float32' | 'int32' | 'bool'

export interface TensorFlowTensor {
  readonly shape: readonly number[]
  readonly dtype: string
  data(): Promise<Float32Array | Int32Array | Uint8Array>
  dispose(): void
}

export interface SavedModelInfo {
  readonly name: string
  readonly dtype: string
  readonly shape?: readonly (number | null)[]
}

export interface SavedModel {
  readonly inputs: readonly SavedModelInfo[]
  readonly outputs: readonly SavedModelInfo[]
  predict(
    inputs: Readonly<Record<string, TensorFlowTensor>>,
  ): Readonly<Record<string, TensorFlowTensor>> | TensorFlowTensor
  dispose(): void
}

/** Set by the client: the file to load the module from. */
export const MODULE_VARIABLE = 'DIPLOSCOPE_TENSORFLOW_MODULE'

/**
 * Why a Node of this version cannot load the package, or undefined. On Node 23 and later its binding calls util.isNullOrUndefined,
 * which is gone (tensorflow/tfjs #8425, merged and not released).
 */
export function unfitNode(version: string): string | undefined {
  const major = Number(/^v?(\d+)/.exec(version)?.[1])
  return major >= 23 ? `@tensorflow/tfjs-node-gpu 4.22 does not work on Node ${version.replace(/^v/, '')}` : undefined
}
