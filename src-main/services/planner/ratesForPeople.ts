import type { CalibrationFacts } from '../../../src-shared/lab/plan.ts'
import { convolution, matrix, type Product } from '../../analyses/planner/products.ts'
import { passSeconds, type Rates } from '../../analyses/planner/rates.ts'

/** A few measured rates in units that people know. */
export function ratesForPeople(rates: Rates): CalibrationFacts['rates'] {
  const gflops = ({ kind, terms }: Product) =>
    (2 * terms[1]!) / terms.reduce((sum, t, i) => sum + t * (rates.products[kind][i] ?? 0), 0) / 1e9
  const elements = 2 ** 22
  const round = (value: number) => Number(value.toPrecision(3))
  return [
    { name: 'matrix product', value: round(gflops(matrix('packed', 1, 1024, 512, 2048))), unit: 'GFLOP/s' },
    { name: 'attention product', value: round(gflops(matrix('batched', 8, 1024, 64, 1024))), unit: 'GFLOP/s' },
    { name: 'convolution of kernel 5', value: round(gflops(convolution([1, 256, 8192], [256, 256, 5], [1, 256, 8192], 1))), unit: 'GFLOP/s' }, // biome-ignore format: a line a rate
    { name: 'memory', value: round((12 * elements) / passSeconds(rates.passes.binary, elements) / 1e9), unit: 'GB/s' },
    { name: 'softmax', value: round((1e9 * passSeconds(rates.passes.softmax, elements)) / elements), unit: 'ns an element' }, // biome-ignore format: a line a rate
    { name: 'smallest kernel', value: round(1e6 * rates.passes.scalar[0]![1]), unit: 'µs' },
    { name: 'start of a process', value: round(rates.start), unit: 's' },
  ]
}
