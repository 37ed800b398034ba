import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { Tensor } from '../../../src-shared/tensor.ts'
import { sharedData } from '../../../test-support/shared-data.ts'
import { memorySource } from './byteSource.ts'
import { crc32 } from './crc32.ts'
import { huggingFaceEnformer } from './huggingFaceEnformer.ts'
import { mapTensors } from './mapTensors.ts'
import { openPyTorch } from './pytorch.ts'
import { openSafetensors } from './safetensors.ts'
import { halfToNumber, toFloat32 } from './tensorSource.ts'
import { unpickle } from './unpickle.ts'

const folder = resolve(import.meta.dirname, '../../../test-data/checkpoints')
const fixture = (name: string) => new Uint8Array(readFileSync(resolve(folder, name)))
const open = (bytes: Uint8Array, name = 'x.pt') => openPyTorch(memorySource(bytes, name))
const numbers = (t: Tensor): number[] =>
  t.dtype === 'float16' || t.dtype === 'bfloat16'
    ? [...toFloat32(t, '')]
    : Array.from(t.data as ArrayLike<number | bigint>, Number)

interface Expected {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly values: readonly number[]
}

describe('PyTorch state dicts', () => {
  it.each(['state.pt', 'nested.pt'])('%s: every dtype, view and alias as PyTorch 1.13 printed it', async name => {
    const expected = JSON.parse(readFileSync(resolve(folder, 'values.json'), 'utf8')) as Record<string, Expected>
    const source = await open(fixture(name), name)
    expect([...source.entries.keys()]).toEqual(Object.keys(expected))
    for (const [key, want] of Object.entries(expected)) {
      const got = await source.read(key)
      expect({ dtype: got.dtype, shape: got.shape, values: numbers(got) }).toEqual(want)
    }
    expect(source.entries.get('alias')?.storedAt).toBe(source.entries.get('offset')?.storedAt)
  })

  it('reads a file that holds one tensor, here a view of two rows', async () => {
    const source = await open(fixture('single.pt'))
    expect(numbers(await source.read('tensor'))).toEqual(Array.from({ length: 16 }, (_, i) => (i + 16) * 0.5 - 3))
  })

  it('refuses other formats and objects by name, without running them', async () => {
    await expect(open(fixture('legacy.pt'))).rejects.toMatchObject({
      code: 'wrong-type',
      message: expect.stringContaining('legacy'),
    })
    await expect(open(fixture('object.pt'))).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('__main__.Trainer'),
    })
    await expect(open(fixture('module.pt'))).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('torch.nn.modules.linear.Linear'),
    })
    await expect(open(new TextEncoder().encode('just text'))).rejects.toMatchObject({ code: 'wrong-type' })
    const state = fixture('state.pt')
    await expect(open(state.slice(0, state.length - 100))).rejects.toMatchObject({ code: 'truncated' })
  })

  it('notices a changed weight by its checksum', async () => {
    const bytes = fixture('state.pt')
    const source = await open(bytes)
    const at = indexOf(bytes, new Uint8Array(Float32Array.from([-3, -2.5, -2]).buffer))
    bytes[at + 1] = (bytes[at + 1] as number) ^ 1
    const outcomes = await Promise.allSettled([...source.entries.keys()].map(k => source.read(k)))
    expect(outcomes.some(o => o.status === 'rejected' && (o.reason as WorkbenchError).code === 'corrupt')).toBe(true)
  })

  it('CRC-32 of "123456789" is 0xCBF43926 (the check value of the algorithm)', () => {
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926)
  })

  it('half floats: 1/3 rounds to 0.333251953125; the smallest subnormal is 2^-24', () => {
    expect(halfToNumber(0x3555)).toBe(0.333251953125)
    expect(halfToNumber(1)).toBe(2 ** -24)
    expect(halfToNumber(0xfc00)).toBe(Number.NEGATIVE_INFINITY)
    expect(halfToNumber(0x7e00)).toBeNaN()
  })

  const hostile: readonly (readonly [string, Uint8Array, string, RegExp])[] = [
    ['os.system', pickle('cos\nsystem\n', text('rm -rf /'), 0x85, 0x52), 'unsupported', /os\.system/],
    [
      'builtins.eval by STACK_GLOBAL',
      pickle(text('builtins'), text('eval'), 0x93, text('1'), 0x85, 0x52),
      'unsupported',
      /builtins\.eval/,
    ],
    [
      'a name with a dotted path',
      pickle('ctorch\n_utils.os.system\n', 0x29, 0x52),
      'unsupported',
      /_utils\.os\.system/,
    ],
    ['NEWOBJ', pickle('ccollections\nOrderedDict\n', 0x29, 0x81), 'unsupported', /NEWOBJ/],
    ['INST', pickle(0x28, 'ios\nsystem\n'), 'unsupported', /INST/],
    ['EXT1', pickle(0x82, 1), 'unsupported', /EXT1/],
    ['DUP, the seed of exponential growth', pickle(0x5d, 0x32), 'unsupported', /DUP/],
    ['an opcode that does not exist', pickle(0xff), 'unsupported', /0xff/],
    ['an integer of 255 bytes', pickle(0x8a, 255), 'unsupported', /255 bytes/],
    ['a string of 4 GB', pickle(0x58, 0xff, 0xff, 0xff, 0xff), 'truncated', /ends within/],
    ['a pop from nothing', pickle(0x85), 'corrupt', /empty stack/],
    ['a mark that is not there', pickle(0x74), 'corrupt', /no mark/],
    ['a memo that was never stored', pickle(0x68, 7), 'corrupt', /recalls 7/],
    ['REDUCE of a string', pickle(text('x'), 0x29, 0x52), 'corrupt', /not a known name/],
    ['no end', new Uint8Array([0x80, 2, 0x4e]), 'truncated', /ends within/],
    ['a protocol of the future', new Uint8Array([0x80, 9, 0x4e, 0x2e]), 'unsupported', /protocol 9/],
    [
      'a tensor of 2^40 elements over 4 bytes',
      tensorPickle([2 ** 20, 2 ** 20], [0, 0], 0),
      'corrupt',
      /larger than its storage/,
    ],
    ['a tensor beyond its storage', tensorPickle([1], [1], 5), 'corrupt', /reaches element 5/],
    ['a negative offset', tensorPickle([1], [1], -1), 'corrupt', /negative/],
    ['a negative stride', tensorPickle([1], [-1], 0), 'corrupt', /negative/],
  ]
  it.each(hostile)('refuses %s', async (_what, bytes, code, message) => {
    await expect(open(zip({ 'a/data.pkl': bytes, 'a/data/0': new Uint8Array(4) }))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    })
  })

  it.each([
    ['dicts', 0x7d],
    ['marks', 0x28],
    ['tuples', 0x29],
  ])('refuses a flood of %s: a byte of pickle makes two hundred of memory', (_what, opcode) => {
    const never = () => null
    const rules = { file: 'x.pt', globals: new Set<string>(), call: never, persistent: never }
    expect(() => unpickle(new Uint8Array(2_000_002).fill(opcode), rules)).toThrow(/more than 2000000 objects/)
  })

  it('takes a list that contains itself for what it is: no tensors', async () => {
    const bytes = pickle(0x5d, 0x71, 0, 0x68, 0, 0x61)
    await expect(open(zip({ 'a/data.pkl': bytes }))).rejects.toMatchObject({ code: 'wrong-type' })
  })

  it('refuses compressed members (a zip bomb unpacks nothing), sizes beyond the file and two members of one name', async () => {
    const good = { 'a/data.pkl': tensorPickle([1], [1], 0), 'a/data/0': new Uint8Array(4) }
    expect(numbers(await (await open(zip(good))).read('t'))).toEqual([0])
    await expect(open(zip(good, { method: 8 }))).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('compressed'),
    })
    await expect(open(zip(good, { size: 0xfffffff0 }))).rejects.toMatchObject({ code: 'corrupt' })
    await expect(open(zip(good, { count: 60_000 }))).rejects.toMatchObject({ code: 'corrupt' })
    await expect(open(zip(good, { sameName: true }))).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining('two members'),
    })
    const wrongSize = { ...good, 'a/data/0': new Uint8Array(8) }
    await expect(open(zip(wrongSize))).rejects.toMatchObject({
      code: 'corrupt',
      message: expect.stringContaining('8 bytes, not 4'),
    })
  })

  it('answers any damage with a coded error or tensors of the stated sizes, never with a crash', async () => {
    const good = fixture('state.pt')
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        async damage => {
          const bad = good.slice()
          for (const [at, value] of damage) bad[at] = value
          try {
            const source = await open(bad)
            for (const name of source.entries.keys()) await source.read(name)
          } catch (error) {
            expect(error).toBeInstanceOf(WorkbenchError)
            expect((error as WorkbenchError).code).not.toBe('internal')
          }
        },
      ),
      { numRuns: 600 },
    )
  })
})

const bin = sharedData('golden/enformer/pytorch_model.bin')
const safe = sharedData('golden/enformer/model.safetensors')
const gammas = sharedData('enformer/tf_gammas.pt')

describe.skipIf(!bin || !safe || !gammas)('files of other writers', () => {
  it('a small Enformer saved by PyTorch and as safetensors is the same network, aliases resolved', async () => {
    const torch = await open(new Uint8Array(readFileSync(bin as string)))
    const canonical = await openSafetensors(memorySource(new Uint8Array(readFileSync(safe as string))))
    expect(torch.entries.size).toBeGreaterThan(canonical.entries.size)
    const wanted = [...canonical.entries.values()].filter(e => !e.name.endsWith('num_batches_tracked'))
    expect(wanted.length).toBeGreaterThan(50)
    const mapped = await mapTensors(torch, wanted, huggingFaceEnformer)
    expect([...mapped.entries.keys()]).toEqual(wanted.map(w => w.name))
    for (const w of wanted) expect((await mapped.read(w.name)).data).toEqual((await canonical.read(w.name)).data)
  })

  it('the published gamma table [3071, 32]: every feature was divided by its maximum over positions, so its largest value is 1', async () => {
    const source = await open(new Uint8Array(readFileSync(gammas as string)))
    const t = await source.read('tensor')
    expect(t).toMatchObject({ dtype: 'float32', shape: [3071, 32] })
    const values = t.data as Float32Array
    for (let k = 0; k < 32; k++) {
      let largest = 0
      for (let row = 0; row < 3071; row++) largest = Math.max(largest, values[row * 32 + k] as number)
      expect(largest).toBe(1)
    }
  })
})

function text(s: string): Uint8Array {
  const bytes = new TextEncoder().encode(s)
  return new Uint8Array([0x58, bytes.length, 0, 0, 0, ...bytes])
}

/** Protocol 2, the given opcodes, STOP. */
function pickle(...parts: (number | string | Uint8Array)[]): Uint8Array {
  const bytes = parts.flatMap(p =>
    typeof p === 'number' ? [p] : typeof p === 'string' ? [...new TextEncoder().encode(p)] : [...p],
  )
  return new Uint8Array([0x80, 2, ...bytes, 0x2e])
}

const int = (n: number) => {
  const out = new Uint8Array(5)
  out[0] = 0x4a
  new DataView(out.buffer).setInt32(1, n, true)
  return out
}

/** {'t': a float32 tensor over a storage of one element}. */
function tensorPickle(shape: readonly number[], strides: readonly number[], offset: number): Uint8Array {
  const tuple = (items: readonly number[]) => new Uint8Array([0x28, ...items.flatMap(n => [...int(n)]), 0x74])
  return pickle(
    0x7d, text('t'), 'ctorch._utils\n_rebuild_tensor_v2\n', 0x28,
    0x28, text('storage'), 'ctorch\nFloatStorage\n', text('0'), text('cpu'), int(1), 0x74, 0x51,
    int(offset), tuple(shape), tuple(strides), 0x89, 'ccollections\nOrderedDict\n', 0x29, 0x52, 0x74, 0x52, 0x73,
  ) // biome-ignore format: opcodes
}

interface ZipLies {
  readonly method?: number
  readonly size?: number
  readonly count?: number
  readonly sameName?: boolean
}

/** A ZIP written by hand after the APPNOTE, with lies on request. */
function zip(members: Readonly<Record<string, Uint8Array>>, lies: ZipLies = {}): Uint8Array {
  const out: number[] = []
  const directory: number[] = []
  const u16 = (n: number) => [n & 255, (n >> 8) & 255]
  const u32 = (n: number) => [...u16(n & 0xffff), ...u16(n >>> 16)]
  const names = Object.keys(members)
  for (const [name, data] of Object.entries(members)) {
    const encoded = [...new TextEncoder().encode(lies.sameName ? (names[0] as string) : name)]
    const sizes = [...u32(lies.size ?? data.length), ...u32(lies.size ?? data.length)]
    const common = [
      ...u16(0),
      ...u16(lies.method ?? 0),
      ...u32(0),
      ...u32(crc32(data)),
      ...sizes,
      ...u16(encoded.length),
      ...u16(0),
    ]
    directory.push(
      ...u32(0x02014b50),
      ...u16(20),
      ...u16(20),
      ...common,
      ...u16(0),
      ...u16(0),
      ...u16(0),
      ...u32(0),
      ...u32(out.length),
      ...encoded,
    )
    out.push(...u32(0x04034b50), ...u16(20), ...common, ...encoded, ...data)
  }
  const end = [
    ...u32(0x06054b50),
    ...u32(0),
    ...u16(lies.count ?? names.length),
    ...u16(lies.count ?? names.length),
    ...u32(directory.length),
    ...u32(out.length),
    ...u16(0),
  ]
  return new Uint8Array([...out, ...directory, ...end])
}

function indexOf(bytes: Uint8Array, part: Uint8Array): number {
  return Buffer.from(bytes).indexOf(Buffer.from(part))
}
