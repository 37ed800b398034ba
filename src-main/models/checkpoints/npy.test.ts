import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { readNpy, writeNpy } from './npy.ts'
import { toFloat32 } from './tensorSource.ts'

const folder = resolve(import.meta.dirname, '../../../test-data/checkpoints')
const fixture = (name: string) => new Uint8Array(readFileSync(resolve(folder, `${name}.npy`)))
const ramp = Array.from({ length: 24 }, (_, i) => i)

describe('.npy', () => {
  it('reads what numpy.save wrote: C order, Fortran order, integers, a scalar, halves', () => {
    expect(readNpy(fixture('c_order'))).toEqual({ dtype: 'float32', shape: [2, 3, 4], data: Float32Array.from(ramp) })
    expect(readNpy(fixture('fortran'))).toEqual({ dtype: 'float64', shape: [2, 3, 4], data: Float64Array.from(ramp) })
    expect(readNpy(fixture('int64')).data).toEqual(BigInt64Array.of(-3n, -2n, -1n, 0n, 1n, 2n))
    expect(readNpy(fixture('scalar'))).toEqual({ dtype: 'float32', shape: [], data: Float32Array.of(1.5) })
    // numpy: float(np.float16(-0.1)) = -0.0999755859375, np.float16(6e-8) = 5.960464477539063e-08
    expect([...toFloat32(readNpy(fixture('half')), 'half')]).toEqual([1.5, -0.0999755859375, 65504, 2 ** -24])
  })

  it('writes the very bytes of numpy.save', () => {
    for (const name of ['c_order', 'int64', 'scalar', 'half'])
      expect(writeNpy(readNpy(fixture(name)))).toEqual(fixture(name))
  })

  it('refuses every prefix of a file and foreign bytes with a coded error', () => {
    const whole = fixture('c_order')
    for (let n = 0; n < whole.length; n++) expect(() => readNpy(whole.subarray(0, n))).toThrow(WorkbenchError)
    expect(() => readNpy(new Uint8Array([...whole, 0]))).toThrow(/1 bytes behind/)
    const object = new TextDecoder('latin1').decode(whole).replace("'<f4'", "'|O' ")
    expect(() => readNpy(Uint8Array.from(object, c => c.charCodeAt(0)))).toThrow(/'\|O'/)
  })
})
