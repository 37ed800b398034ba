import { divergingColours, MIDDLE, type Rgb, sequentialColours, type Theme } from './colourScale.ts'
import { BASE_COLOUR } from './markup.ts'
import type { HeatColours, Inks } from './pen.ts'

const PAPER: Readonly<Record<Theme, Rgb>> = { light: [255, 255, 255], dark: [36, 40, 43] }

const plain = (theme: Theme): Omit<HeatColours, 'levels' | 'middle'> =>
  theme === 'light'
    ? { paper: PAPER.light, missing: [225, 228, 230], unknown: [128, 134, 138], reference: [255, 255, 255], never: [255, 255, 255] } // biome-ignore format: one table
    : { paper: PAPER.dark, missing: [62, 68, 72], unknown: [120, 128, 132], reference: [36, 40, 43], never: [24, 27, 29] } // biome-ignore format: one table

const DIVERGING = {
  light: { ...plain('light'), levels: divergingColours('light'), middle: MIDDLE },
  dark: { ...plain('dark'), levels: divergingColours('dark'), middle: MIDDLE },
} as const
const SEQUENTIAL = {
  light: { ...plain('light'), levels: sequentialColours(), middle: 0 },
  dark: { ...plain('dark'), levels: sequentialColours(), middle: 0 },
} as const

/** Colours of effects, symmetric about zero. */
export const effectColours = (theme: Theme): HeatColours => DIVERGING[theme]
/** Colours of magnitudes on a log scale. */
export const magnitudeColours = (theme: Theme): HeatColours => SEQUENTIAL[theme]

/** Plain colours for a canvas; an exported picture has variables with the same light values. */
export const themeInks = (theme: Theme): Inks =>
  theme === 'light'
    ? { ink: '#1b1f24', faint: '#535d63', grid: '#d0d7de', paper: '#ffffff' }
    : { ink: '#dfe4e6', faint: '#a5afb4', grid: '#43494d', paper: '#24282b' }

/** Colours of letters: Okabe and Ito's, lifted on dark paper. */
export const letterColours = (theme: Theme): Readonly<Record<'A' | 'C' | 'G' | 'T', string>> =>
  theme === 'light' ? BASE_COLOUR : { A: '#2fc39a', C: '#58a9e8', G: '#f0b429', T: '#f07a35' }
