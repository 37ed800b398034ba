/** Colours of numbers. Both scales keep their order for every common colour blindness and in grey. */

export type Rgb = readonly [red: number, green: number, blue: number]
export type Theme = 'light' | 'dark'

/** Levels of a scale: an odd number, so that a diverging one has a middle of its own. */
export const LEVELS = 201
export const MIDDLE = 100

/**
 * Blue for less, orange for more, both from Okabe and Ito's pair; no effect is the colour of the paper, so that what stands out is what
 * matters. The ends differ from the paper by more than from each other.
 */
const DIVERGING: Readonly<Record<Theme, readonly Rgb[]>> = {
  light: [
    [3, 53, 102],
    [0, 114, 178],
    [137, 190, 221],
    [247, 247, 247],
    [245, 186, 134],
    [213, 94, 0],
    [122, 45, 0],
  ],
  dark: [
    [190, 226, 255],
    [86, 170, 233],
    [38, 92, 138],
    [41, 45, 48],
    [140, 75, 22],
    [232, 133, 50],
    [255, 217, 168],
  ],
}

/** Viridis (Smith and van der Walt 2015, CC0) at nine even steps: from dark to bright. */
const SEQUENTIAL: readonly Rgb[] = [
  [68, 1, 84],
  [71, 45, 123],
  [59, 82, 139],
  [44, 114, 142],
  [33, 145, 140],
  [40, 174, 128],
  [94, 201, 98],
  [173, 220, 48],
  [253, 231, 37],
]

function along(stops: readonly Rgb[], share: number): Rgb {
  const at = Math.min(1, Math.max(0, share)) * (stops.length - 1)
  const i = Math.min(stops.length - 2, Math.floor(at))
  const a = stops[i]!
  const b = stops[i + 1]!
  const mix = (k: 0 | 1 | 2) => Math.round(a[k] + (b[k] - a[k]) * (at - i))
  return [mix(0), mix(1), mix(2)]
}

const table = (stops: readonly Rgb[]): readonly Rgb[] =>
  Array.from({ length: LEVELS }, (_, i) => along(stops, i / (LEVELS - 1)))

export const divergingColours = (theme: Theme): readonly Rgb[] => table(DIVERGING[theme])
export const sequentialColours = (): readonly Rgb[] => table(SEQUENTIAL)

/** The level of a value on a scale from -range to range; beyond is the end's own. A range of 0 has only a middle. */
export const divergingLevel = (value: number, range: number): number =>
  range > 0 ? Math.round(Math.min(1, Math.max(-1, value / range)) * MIDDLE) + MIDDLE : MIDDLE

/** The level of a positive value between two decades-apart ends, by its logarithm; 0 and less is the lowest. */
export function logLevel(value: number, low: number, high: number): number {
  if (!(value > low)) return 0
  const span = Math.log(high) - Math.log(low)
  if (!(span > 0)) return LEVELS - 1
  return Math.round(Math.min(1, (Math.log(value) - Math.log(low)) / span) * (LEVELS - 1))
}

/** Towards a paper's colour: what an estimate looks like beside an exact value. */
export const paler = (c: Rgb, paper: Rgb, share: number): Rgb => {
  const mix = (k: 0 | 1 | 2) => Math.round(c[k] + (paper[k] - c[k]) * share)
  return [mix(0), mix(1), mix(2)]
}

export const cssRgb = (c: Rgb): string => `rgb(${c[0]},${c[1]},${c[2]})`
