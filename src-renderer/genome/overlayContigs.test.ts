import { describe, expect, it, vi } from 'vitest'

const made = vi.hoisted(() => new Map<string, new (config: object, browser: object) => Track>())
interface Track {
  getFeatures(contig: string, start: number, end: number): Promise<unknown>
  draw(view: object): void
}
vi.mock('./igvInternals.ts', () => ({
  igv: {
    TrackBase: class {},
    registerTrackClass: (type: string, track: new (config: object, browser: object) => Track) => made.set(type, track),
  },
}))
const { EFFECT_TYPE, registerEffectTrack } = await import('./effectTrack.ts')
const { BASE_SCORE_TYPE, registerBaseScoreTrack } = await import('./attributionTrack.ts')

/** Rectangles that a track draws in a view of 100 bp on some contig. */
async function drawn(type: string, value: object, contig: string): Promise<number> {
  const track = new (made.get(type)!)({ _source: { now: () => value, onChange: () => () => {} } }, {})
  let rectangles = 0
  const context = { fillStyle: '', fillRect: () => rectangles++ }
  const features = await track.getFeatures(contig, 0, 100)
  track.draw({ context, pixelWidth: 100, pixelHeight: 60, bpStart: 0, bpPerPixel: 1, features })
  return rectangles
}

/** Truth: what is known of one contig says nothing about the same positions of another; `1` and `chr1` are one. */
describe('tracks without a file', () => {
  registerEffectTrack()
  registerBaseScoreTrack()
  const where = { contig: 'chr1', start: 10 }
  const effect = { ...where, binBp: 10, reference: [1, 1, 1], alternative: [2, 0, 3] }
  const scores = { ...where, values: [1, -1, 2], bases: 'ACG', peaks: [] }
  it.each([
    ['mutation effect', EFFECT_TYPE, effect],
    ['scores of bases', BASE_SCORE_TYPE, scores],
  ])('%s: drawn on its own contig and no other', async (_name, type, value) => {
    expect(await drawn(type, value, 'chr1')).toBeGreaterThanOrEqual(3)
    expect(await drawn(type, value, '1')).toBeGreaterThanOrEqual(3)
    expect(await drawn(type, value, 'chr2')).toBe(0)
  })
})
