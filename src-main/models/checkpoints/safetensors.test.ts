import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { BYTES_OF, type DType, elementCount, type Tensor, viewAs } from '../../../src-shared/tensor.ts'
import { memorySource } from './byteSource.ts'
import { encodeSafetensors, openSafetensors } from './safetensors.ts'

/** A file assembled by hand from the format's description, not with the writer under test. */
function file(header: unknown, data: Uint8Array, claimed?: bigint): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const out = new Uint8Array(8 + json.length + data.length)
  new DataView(out.buffer).setBigUint64(0, claimed ?? BigInt(json.length), true)
  out.set(json, 8)
  out.set(data, 8 + json.length)
  return out
}
const open = (bytes: Uint8Array) => openSafetensors(memorySource(bytes, 'x.safetensors'))
const floats = (...v: number[]) => new Uint8Array(Float32Array.from(v).buffer)
const entry = (dtype: string, shape: unknown, begin: unknown, end: unknown) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
})

describe('safetensors', () => {
  it('reads a file laid out by hand: values, shapes, metadata, unaligned data', async () => {
    // 'F16' bits from IEEE 754: 0x3c00 = 1, 0xc000 = -2
    const data = new Uint8Array([7, ...floats(1.5, -2), 0x00, 0x3c, 0x00, 0xc0])
    const source = await open(
      file(
        {
          u: entry('U8', [1], 0, 1),
          f: entry('F32', [2], 1, 9),
          h: entry('F16', [1, 2], 9, 13),
          __metadata__: { format: 'pt' },
        },
        data,
      ),
    )
    expect(source.metadata).toEqual({ format: 'pt' })
    expect([...(await source.read('f')).data]).toEqual([1.5, -2])
    expect([...(await source.read('u')).data]).toEqual([7])
    expect(await source.read('h')).toMatchObject({ dtype: 'float16', shape: [1, 2] })
    expect([...(await source.read('h')).data]).toEqual([0x3c00, 0xc000])
  })

  it('reads tensors by range: only the asked bytes', async () => {
    const bytes = encodeSafetensors({ a: tensor('float32', [1000]), b: tensor('float32', [3]) })
    const ranges: number[] = []
    const inner = memorySource(bytes)
    const source = await openSafetensors({
      ...inner,
      read(s, e) {
        ranges.push(e - s)
        return inner.read(s, e)
      },
    })
    await source.read('b')
    expect(ranges.at(-1)).toBe(12)
    expect(Math.max(...ranges)).toBeLessThan(1000)
  })

  it('gives back what it was given, and the same bytes each time', async () => {
    const dtypes = Object.keys(BYTES_OF) as DType[]
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(
          fc.string({ maxLength: 12 }),
          fc.tuple(fc.constantFrom(...dtypes), fc.array(fc.nat(5), { maxLength: 4 })),
          { maxKeys: 8 },
        ),
        async described => {
          const tensors = Object.fromEntries(
            Object.entries(described)
              .filter(([n]) => n !== '__metadata__')
              .map(([name, [dtype, shape]]) => [name, tensor(dtype, shape)]),
          )
          const bytes = encodeSafetensors(tensors, { note: 'é' })
          expect(encodeSafetensors(tensors, { note: 'é' })).toEqual(bytes)
          const source = await open(bytes)
          expect([...source.entries.keys()].sort()).toEqual(Object.keys(tensors).sort())
          for (const [name, t] of Object.entries(tensors)) {
            const got = await source.read(name)
            expect(got).toMatchObject({ dtype: t.dtype, shape: t.shape })
            expect(got.data).toEqual(t.data)
          }
        },
      ),
      { numRuns: 100 },
    )
  })

  const one = JSON.stringify(entry('F32', [1], 0, 4))
  const hostile: readonly (readonly [string, Uint8Array, string])[] = [
    ['less than a header', new Uint8Array(5), 'truncated'],
    ['a header of 2^63 bytes', file('{}', new Uint8Array(), 2n ** 63n), 'corrupt'],
    ['a header beyond the file', file('{}', new Uint8Array(), 1000n), 'truncated'],
    ['a header that is no JSON', file('{"a":', new Uint8Array()), 'corrupt'],
    ['a header that is a list', file('[]', new Uint8Array()), 'corrupt'],
    ['deep nesting', file('['.repeat(200_000) + ']'.repeat(200_000), new Uint8Array()), 'corrupt'],
    ['a name given twice', file(`{"a":${one},"a":${one}}`, floats(1)), 'corrupt'],
    ['metadata that is a list', file('{"__metadata__":["x"]}', new Uint8Array()), 'corrupt'],
    ['metadata that is not text', file('{"__metadata__":{"x":1}}', new Uint8Array()), 'corrupt'],
    ['an unknown dtype', file({ a: entry('F128', [1], 0, 16) }, new Uint8Array(16)), 'unsupported'],
    [
      'a dtype that is a method of objects',
      file({ a: entry('constructor', [1], 0, 4) }, new Uint8Array(4)),
      'unsupported',
    ],
    ['a negative offset', file({ a: entry('F32', [1], -4, 0) }, floats(1)), 'corrupt'],
    ['offsets the wrong way round', file({ a: entry('F32', [1], 4, 0) }, floats(1)), 'corrupt'],
    ['a fractional offset', file({ a: entry('F32', [1], 0.5, 4.5) }, floats(1, 2)), 'corrupt'],
    ['a negative dimension', file({ a: entry('F32', [-1, -1], 0, 4) }, floats(1)), 'corrupt'],
    ['a product of dimensions beyond 2^53', file({ a: entry('F32', [2 ** 40, 2 ** 40], 0, 4) }, floats(1)), 'corrupt'],
    ['a size that is not dtype x shape', file({ a: entry('F32', [2], 0, 4) }, floats(1)), 'corrupt'],
    ['overlapping tensors', file({ a: entry('F32', [2], 0, 8), b: entry('F32', [1], 4, 8) }, floats(1, 2)), 'corrupt'],
    ['a hole', file({ a: entry('F32', [1], 0, 4), b: entry('F32', [1], 8, 12) }, floats(1, 2, 3)), 'corrupt'],
    ['bytes behind the last tensor', file({ a: entry('F32', [1], 0, 4) }, floats(1, 2)), 'corrupt'],
    ['data cut off', file({ a: entry('F32', [3], 0, 12) }, floats(1, 2)), 'truncated'],
  ]
  it.each(hostile)('refuses %s', async (_what, bytes, code) => {
    await expect(open(bytes)).rejects.toMatchObject({ code })
  })

  it('answers any damage to a file with a coded error or the same tensors by name, never with a crash', async () => {
    const good = encodeSafetensors({ a: tensor('float32', [4, 3]), b: tensor('int64', [2]) })
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), async (at, value, cut) => {
        const bad = good.slice(0, cut)
        if (at < bad.length) bad[at] = value
        try {
          const source = await open(bad)
          for (const name of source.entries.keys())
            expect((await source.read(name)).data.length).toBeLessThanOrEqual(good.length)
        } catch (error) {
          expect(error).toBeInstanceOf(WorkbenchError)
          expect((error as WorkbenchError).code).not.toBe('internal')
        }
      }),
      { numRuns: 500 },
    )
  })
})

function tensor(dtype: DType, shape: readonly number[]): Tensor {
  const count = elementCount(shape)
  const bytes = Uint8Array.from({ length: count * BYTES_OF[dtype] }, (_, i) =>
    dtype === 'bool' ? i & 1 : (i * 37) & 0x3f,
  )
  return { dtype, shape, data: viewAs(dtype, bytes.buffer, 0, count) }
}
