import type { LabPoint, LabResult } from '../src-shared/lab/result.ts'

const GB = 1024 ** 3
const same = (value: number) => ({ n: 3, median: value, lower: value * 0.97, upper: value * 1.05 })

/** A result that nobody measured: memory and time of full attention grow with the square of the length, of sparse with the length. */
export function madeUpResult(change: Partial<LabResult> = {}): LabResult {
  const lengths = [131_072, 196_608, 262_144, 393_216]
  const points = ['enformer', 's-enformer'].flatMap(model =>
    lengths.map((lengthBp, i): LabPoint => {
      const grown = lengthBp / 131_072
      const factors = { model, lengthBp, layers: 11, job: 'inference' }
      const fits = model !== 'enformer' || i < 3
      const size = model === 'enformer' ? grown ** 2 : 1.4 * grown
      return {
        id: Object.values(factors).join('-'),
        factors,
        state: fits ? 'done' : 'does-not-fit',
        reason: fits ? null : 'needs 14 GB of 12 GB',
        measures: fits ? { seconds: same(2 * size), peakBytes: same(GB * size) } : {},
        predicted: { seconds: 2.1 * size, peakBytes: 1.1 * GB * size },
        foreignLoad: 0,
      }
    }),
  )
  const recipe = { format: 'diploscope-recipe', formatVersion: 1, task: 'lab', id: 'made-up', name: 'Made up', summary: 'Lengths to 393,216 bp; channels reduced to 96 of 1,536.', experiment: 'length' } // biome-ignore format: one line
  return {
    format: 'diploscope-lab',
    formatVersion: 1,
    id: 'made-up-1',
    experiment: 'length',
    recipe: { id: 'made-up', name: 'Made up', sha256: 'ab'.repeat(32), text: JSON.stringify(recipe) },
    machine: {
      processor: 'Imaginary 64-core',
      cores: 64,
      threads: 32,
      memoryBytes: 128 * GB,
      system: 'Linux 6.1',
      device: 'cpu',
      versions: { Diploscope: '0.1.0', Node: '22.11.0', 'ONNX Runtime': '1.30.0' },
    },
    startedAt: '2026-11-01T08:00:00.000Z',
    finishedAt: '2026-11-01T08:20:00.000Z',
    state: 'done',
    total: points.length,
    points,
    notes: ['Weights are random: cost does not depend on them.'],
    ...change,
  }
}
