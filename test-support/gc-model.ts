import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ModelTrack } from '../src-main/models/folder/modelJson.ts'
import { onnxModel } from './onnx-model.ts'

export interface GcModel {
  readonly binBp: number
  readonly bins: number
  readonly cropBins: number
  readonly genome?: string
  /** Factor on every output; NaN spoils the weights. */
  readonly factor?: number
  readonly tracks?: readonly Partial<ModelTrack>[]
}

/**
 * A model folder whose prediction is known in closed form: an ONNX model with a model.json beside it. Each bin's tracks are its share of
 * G and C, its share of A (strand +) and its share of T (strand -, the pair of the second).
 */
export function writeGcModel(folder: string, model: GcModel): void {
  const { binBp, bins, cropBins, genome = null, factor = 1 } = model
  const length = (bins + 2 * cropBins) * binBp
  const weight = new Float32Array(binBp * 4 * 3)
  for (let base = 0; base < binBp; base++)
    for (const [letter, track] of [[0, 1], [1, 0], [2, 0], [3, 2]] as const) weight[(base * 4 + letter) * 3 + track] = factor / binBp // biome-ignore format: one line
  const bytes = onnxModel({
    inputs: { sequence: [1, length, 4] },
    outputs: { dna: [1, bins, 3] },
    int64: { shape: [1, bins + 2 * cropBins, binBp * 4], from: [cropBins], to: [cropBins + bins], axis: [1] },
    floats: { weight: { shape: [binBp * 4, 3], data: weight } },
    nodes: [
      { op: 'Reshape', in: ['sequence', 'shape'], out: ['cells'] },
      { op: 'Slice', in: ['cells', 'from', 'to', 'axis'], out: ['kept'] },
      { op: 'MatMul', in: ['kept', 'weight'], out: ['dna'] },
    ],
  })
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'gc.onnx'), bytes)
  const tracks: ModelTrack[] = [
    { index: 0, head: 'dna', name: 'GC:share of G and C', sourceId: 'gc', strand: '.', strandPair: 0 },
    { index: 1, head: 'dna', name: 'BASE:share of A', sourceId: 'a', strand: '+', strandPair: 2 },
    { index: 2, head: 'dna', name: 'BASE:share of T', sourceId: 't', strand: '-', strandPair: 1 },
  ]
  writeFileSync(
    join(folder, 'model.json'),
    JSON.stringify({
      format: 'diploscope-model',
      formatVersion: 1,
      id: 'gc-content',
      name: 'Base content',
      kind: 'onnx',
      architecture: {},
      input: { type: 'dna', alphabet: 'ACGT', unknown: 'zeros', length, lengthMultiple: binBp, genome },
      output: { heads: [{ name: 'dna', tracks: 3 }], binSize: binBp, bins, cropBins },
      tracks: tracks.map((t, i) => ({ ...t, ...model.tracks?.[i] })),
      tokenizer: null,
      attentionPattern: null,
      weights: { file: 'gc.onnx', sha256: createHash('sha256').update(bytes).digest('hex'), parameters: weight.length },
      provenance: { source: 'written by hand', created: '2026-01-01T00:00:00Z' },
      licence: 'MIT',
      citation: null,
      limits: ['It counts bases.'],
    }),
  )
}
