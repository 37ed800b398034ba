import { describe, expect, it } from 'vitest'
import { type PredictedBins, REFERENCE } from '../../src-shared/genome/prediction.ts'
import type { PredictionChanged } from '../../src-shared/ipc/modelMethods.ts'
import type { PredictedSetting } from '../../src-shared/project.ts'
import { backgroundsOf } from '../state/predictedTracks.ts'
import { Failure } from './failure.ts'
import { largestIn, type PredictedData } from './predictedData.ts'
import { drawPanel, runsOf, yOf } from './predictedDrawing.ts'
import { assemble, type PredictionServices, predictedSource } from './predictedSource.ts'
import { ScaleGroups } from './scaleGroups.ts'

const setting: PredictedSetting = {
  trackId: 't',
  name: 'n',
  channels: [4, 5],
  signals: ['plus', null],
  layout: 'overlaid',
  scale: 'linear',
  group: null,
  units: 'model',
  observed: 'raw',
  unit: '',
  transform: '',
  shows: 'reference',
  person: null,
}
const person = { fileId: 'v', sample: 's' }
/** Four bins of two channels; `missing` bins are not computed. */
const bins = (values: readonly number[], more: Partial<PredictedBins> = {}): PredictedBins => ({
  contig: 'c',
  start: 64,
  binBp: 32,
  merged: 1,
  channels: [4, 5],
  mean: Float32Array.from(values),
  max: Float32Array.from(values),
  unknown: new Uint8Array(4),
  windows: 2,
  computed: 2,
  pending: 'none',
  device: 'cpu',
  warnings: [],
  ...more,
})
const NONE = Number.NaN

describe('a predicted track', () => {
  it('draws the second channel of a pair downwards, and the experiment of the first', () => {
    const data = assemble(setting, [bins([1, 2, 3, 4, 5, 6, 7, 8])], [{ mean: new Float32Array(4), max: new Float32Array(4) }, null]) // biome-ignore format: one line
    expect(data.series.map(s => [s.kind, s.direction, [...s.mean]])).toEqual([
      ['observed', 1, [0, 0, 0, 0]],
      ['predicted', 1, [1, 3, 5, 7]],
      ['predicted', -1, [2, 4, 6, 8]],
    ])
    expect(data.waiting).toBe('')
    expect(largestIn(data, 64, 96)).toBe(2)
    expect(largestIn(data, 0, 1000)).toBe(8)
  })
  it('subtracts what is named second from what is named first: swapped, the sign is swapped', () => {
    const [a, b] = [bins([1, 1, 2, 2, 3, 3, 4, 4]), bins([5, 0, 5, 0, 5, 0, 5, 0])]
    const one = assemble({ ...setting, shows: 'between', person }, [a, b], [])
    const two = assemble({ ...setting, shows: 'between', person }, [b, a], [])
    expect([...one.series[0]!.mean]).toEqual([4, 3, 2, 1])
    expect([...two.series[0]!.mean]).toEqual([-4, -3, -2, -1])
  })
  it('shows what is left of the experiment: swapped, the sign is swapped', () => {
    const o = Float32Array.of(0, 1, 2, 3)
    const residual = assemble({ ...setting, layout: 'residual' }, [bins([1, 0, 1, 0, 1, 0, 1, 0])], [{ mean: o, max: o }, null]) // biome-ignore format: one line
    expect(residual.series.map(s => [...s.mean])).toEqual([[1, 0, -1, -2]])
    const swapped = assemble({ ...setting, layout: 'residual' }, [bins([0, 0, 1, 0, 2, 0, 3, 0])], [{ mean: Float32Array.of(1, 1, 1, 1), max: o }, null]) // biome-ignore format: one line
    expect(swapped.series.map(s => [...s.mean])).toEqual([[-1, 0, 1, 2]])
  })
  it('asks for the haplotypes that are shown, and for the reference alone without a person', () => {
    expect(backgroundsOf({ shows: 'between', person: null })).toEqual([REFERENCE])
    expect(backgroundsOf({ shows: 'difference2', person })).toEqual([REFERENCE, { kind: 'haplotype', ...person, haplotype: 1 }]) // biome-ignore format: one line
    expect(backgroundsOf({ shows: 'haplotypes', person }).map(b => ('haplotype' in b ? b.haplotype : -1))).toEqual([
      0, 1,
    ])
  })
  it('says how much is computed, and where nothing is', () => {
    const data = assemble(
      setting,
      [bins([1, 1, NONE, NONE, NONE, NONE, 2, 2], { computed: 1, pending: 'running' })],
      [],
    )
    expect([...data.computed]).toEqual([1, 0, 0, 1])
    expect(data.waiting).toBe('computing 1/2 windows')
    expect(runsOf(4, i => data.computed[i] === 0)).toEqual([[1, 3]])
    const wide = assemble(setting, [bins([NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE], { computed: 0, pending: 'too-many', windows: 90 })], []) // biome-ignore format: one line
    expect(wide.waiting).toContain('90 windows are too many')
  })
  it('is refined in place when windows were added, and stops listening once all are there', async () => {
    let told: ((c: PredictionChanged) => void) | undefined
    let asked = 0
    const services: PredictionServices = {
      bins: async () =>
        ++asked === 1
          ? bins([1, 1, NONE, NONE, NONE, NONE, 2, 2], { computed: 1, pending: 'running' })
          : bins([1, 1, 3, 3, 3, 3, 2, 2]),
      observed: async () => ({ mean: new Float32Array(4), max: new Float32Array(4) }),
      changed: listener => {
        told = listener
        return () => {
          told = undefined
        }
      },
      failed: () => new Failure('failed'),
    }
    const stretch = await predictedSource(setting, services).open({ contig: 'c', start: 64, end: 192 }, 4)
    const changed = new Promise<void>(done => {
      stretch.onChange = done
    })
    const here = { modelFileId: 'm', referenceFileId: 'r', contig: 'c', start: 0, end: 128 }
    told?.({ ...here, contig: 'elsewhere' })
    told?.(here)
    told?.(here)
    await changed
    expect(asked).toBe(2)
    expect((stretch.data as PredictedData).waiting).toBe('')
    expect(told).toBeUndefined()
  })
  it('shows why it failed instead of values', async () => {
    const services: PredictionServices = {
      bins: async () => {
        throw new Error('no such contig')
      },
      observed: async () => ({ mean: new Float32Array(0), max: new Float32Array(0) }),
      changed: () => () => {},
      failed: error => new Failure((error as Error).message),
    }
    const stretch = await predictedSource(setting, services).open({ contig: 'c', start: 0, end: 10 }, 4)
    expect(stretch.data).toBeInstanceOf(Failure)
    expect((stretch.data as Failure).message).toBe('no such contig')
  })
})

it('tells a failure that came as an answer with its code and words', async () => {
  const seen: unknown[] = []
  const services: PredictionServices = {
    bins: async () =>
      bins(Array(8).fill(NONE), { computed: 0, failure: { code: 'bad-model', message: 'm', remedy: 'r' } }),
    observed: async () => ({ mean: new Float32Array(4), max: new Float32Array(4) }),
    changed: () => () => {},
    failed: error => {
      seen.push(error)
      return new Failure(String((error as Error).message))
    },
  }
  await predictedSource(setting, services).open({ contig: 'c', start: 64, end: 192 }, 4)
  expect(seen).toEqual([expect.objectContaining({ code: 'bad-model', message: 'm', remedy: 'r' })])
})

describe('its drawing', () => {
  const panel = { top: 10, height: 104 }
  it('puts zero at the bottom, or in the middle of a mirrored panel, and the top at the top', () => {
    expect(yOf(0, panel, { scale: 'linear', signed: false, top: 5 })).toBe(113)
    expect(yOf(5, panel, { scale: 'linear', signed: false, top: 5 })).toBe(13)
    expect(yOf(0, panel, { scale: 'log', signed: true, top: 5 })).toBe(63)
    // Mirror: as far below as above.
    for (const scale of ['linear', 'log', 'arcsinh'] as const) {
      const axis = { scale, signed: true, top: 5 }
      expect(yOf(2, panel, axis) - 63).toBeCloseTo(63 - yOf(-2, panel, axis), 10)
    }
  })
  it('says that windows are computed where nothing is drawn yet, and hatches what is unknown', () => {
    const calls: string[] = []
    const context = new Proxy({} as CanvasRenderingContext2D, {
      get: (_, name: string) =>
        name === 'measureText'
          ? () => ({ width: 50 })
          : (...args: unknown[]) => void calls.push(`${name} ${typeof args[0] === 'string' ? args[0] : ''}`.trim()),
      set: () => true,
    })
    const data = assemble(setting, [bins([1, 1, NONE, NONE, NONE, NONE, NONE, NONE], { computed: 1, pending: 'running', unknown: Uint8Array.of(1, 0, 0, 0) })], []) // biome-ignore format: one line
    drawPanel(context, { bpStart: 64, bpPerPixel: 0.2, width: 640, ...panel }, data, data.series, { scale: 'linear', signed: true, top: 1 }) // biome-ignore format: one line
    expect(calls).toContain('fillText computing 1/2 windows')
    expect(calls.filter(c => c === 'stroke').length).toBeGreaterThan(10)
  })
})

describe('tracks of one scale', () => {
  const member = () => {
    const seen: number[] = []
    return { seen, rescaled: (top: number) => void seen.push(top) }
  }
  it('all draw to the largest, and are told when it changes or leaves', () => {
    const groups = new ScaleGroups()
    const [a, b] = [member(), member()]
    expect(groups.report('g', a, 3)).toBe(3)
    expect(groups.report('g', b, 7)).toBe(7)
    expect(a.seen).toEqual([7])
    expect(groups.report('g', a, 5)).toBe(7)
    expect(b.seen).toEqual([])
    groups.leave('g', b)
    expect(a.seen).toEqual([7, 5])
    expect(groups.report('h', b, 1)).toBe(1)
  })
})
