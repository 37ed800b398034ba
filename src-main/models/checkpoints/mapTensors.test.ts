import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { float32 } from '../../../src-shared/tensor.ts'
import { sharedData } from '../../../test-support/shared-data.ts'
import { memorySource } from './byteSource.ts'
import { huggingFaceEnformer } from './huggingFaceEnformer.ts'
import { mapTensors, sameNames, transposed } from './mapTensors.ts'
import { encodeSafetensors, openSafetensors } from './safetensors.ts'

const ramp = (...shape: number[]) =>
  float32(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
    shape,
  )
const open = (tensors: Parameters<typeof encodeSafetensors>[0]) =>
  openSafetensors(memorySource(encodeSafetensors(tensors), 'f'))

describe('mapTensors', () => {
  it('lists every missing, unused, misshapen and mistyped tensor at once', async () => {
    const source = await open({
      extra: ramp(2),
      bent: ramp(2, 3),
      ids: { dtype: 'int32', shape: [1], data: Int32Array.of(1) },
    })
    const wanted = [
      { name: 'absent', shape: [4] },
      { name: 'bent', shape: [3, 2] },
      { name: 'ids', shape: [1] },
      { name: 'maybe', shape: [1], optional: true },
    ]
    await expect(mapTensors(source, wanted, sameNames)).rejects.toMatchObject({
      code: 'bad-model',
      message: expect.stringMatching(/unused: 'extra' \[2\].*missing: 'absent' \[4\].*misshapen: 'bent' is \[2, 3\].*needs \[3, 2\].*mistyped: 'ids' is int32/), // biome-ignore format: one pattern
      detail: { problems: 4 },
    })
  })

  it('accepts an alias that is equal and refuses one that differs', async () => {
    const rules = { rename: (n: string) => n.replace('old.', '') }
    const wanted = [{ name: 'w', shape: [2] }]
    const equal = await mapTensors(await open({ w: ramp(2), 'old.w': ramp(2) }), wanted, rules)
    expect([...(await equal.read('w')).data]).toEqual([0, 1])
    const different = await open({ w: ramp(2), 'old.w': float32(Float32Array.of(0, 2), [2]) })
    await expect(mapTensors(different, wanted, rules)).rejects.toThrow(/'w' and 'old.w'.*differ/)
  })

  it('transposes axes as told: a (2, 3, 4) ramp, element [i, j, k] of the result is [k, i, j] of the source', async () => {
    const out = transposed(ramp(2, 3, 4).data as Float32Array, [2, 3, 4], [1, 2, 0])
    for (let i = 0; i < 3; i++)
      for (let j = 0; j < 4; j++) for (let k = 0; k < 2; k++) expect(out[(i * 4 + j) * 2 + k]).toBe((k * 3 + i) * 4 + j)
    const source = await open({ w: ramp(2, 3) })
    const mapped = await mapTensors(source, [{ name: 'w', shape: [3, 2] }], { ...sameNames, axes: () => [1, 0] })
    expect([...(await mapped.read('w')).data]).toEqual([0, 3, 1, 4, 2, 5])
  })

  it('widens half and brain floats exactly, and integers where asked', async () => {
    const source = await open({
      half: { dtype: 'float16', shape: [2], data: Uint16Array.of(0x3c00, 0xb555) },
      brain: { dtype: 'bfloat16', shape: [2], data: Uint16Array.of(0x3f80, 0xc049) },
      ids: { dtype: 'int64', shape: [1], data: BigInt64Array.of(-5n) },
    })
    const wanted = [
      { name: 'half', shape: [2] },
      { name: 'brain', shape: [2] },
      { name: 'ids', shape: [1], dtype: 'int32' as const },
    ]
    const mapped = await mapTensors(source, wanted, sameNames)
    expect([...(await mapped.read('half')).data]).toEqual([1, -0.333251953125])
    expect([...(await mapped.read('brain')).data]).toEqual([1, -3.140625])
    expect(await mapped.read('ids')).toEqual({ dtype: 'int32', shape: [1], data: Int32Array.of(-5) })
  })
})

const keys = sharedData('enformer/hf_state_dict_keys.txt')
describe.skipIf(!keys)('the published Enformer state dict', () => {
  it('every name passes unchanged or is dropped as a counter; every trunk alias finds its own', () => {
    const names = readFileSync(keys as string, 'utf8').trim().split('\n').map(l => l.split(' ')[0] as string) // biome-ignore format: one line
    expect(names.length).toBe(287)
    const kept = names.filter(n => huggingFaceEnformer.rename(n) !== undefined)
    expect(names.length - kept.length).toBe(14) // one counter a BatchNorm
    for (const n of kept) expect(huggingFaceEnformer.rename(n)).toBe(n)
    expect(huggingFaceEnformer.rename('_trunk.4.3.0.fn.1.to_q.weight')).toBe('transformer.3.0.fn.1.to_q.weight')
    expect(huggingFaceEnformer.rename('_trunk.1.0.weight')).toBe('stem.0.weight')
  })
})
