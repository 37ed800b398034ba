/** `&` and the signs of markup, and control characters, which XML does not allow. */
const UNSAFE = /[&<>"']|[^\P{Cc}\t\n\r]/gu

/** Text made safe for HTML and SVG, in content and in quoted attributes. */
export const escapeMarkup = (text: string): string =>
  text.replace(UNSAFE, c => ('&<>"\''.includes(c) ? `&#${c.charCodeAt(0)};` : '\ufffd'))

/** Okabe and Ito's palette, told apart with every common colour blindness. */
export const OKABE_ITO = {
  black: '#000000',
  orange: '#E69F00',
  skyBlue: '#56B4E9',
  green: '#009E73',
  yellow: '#F0E442',
  blue: '#0072B2',
  vermilion: '#D55E00',
  purple: '#CC79A7',
} as const

/** Bases in the colours that genome browsers give them (A green, C blue, G orange, T red), from Okabe and Ito's palette. */
export const BASE_COLOUR: Readonly<Record<'A' | 'C' | 'G' | 'T' | 'N', string>> = {
  A: OKABE_ITO.green,
  C: OKABE_ITO.blue,
  G: OKABE_ITO.orange,
  T: OKABE_ITO.vermilion,
  N: '#767676',
}

/**
 * Colours of a figure's ink come from CSS variables, so that one picture fits a light and a dark page; the fallbacks are for
 * a picture saved alone.
 */
export const INK = 'var(--figure-ink, #1b1f24)'
export const FAINT = 'var(--figure-faint, #6a737d)'
export const GRID = 'var(--figure-grid, #d0d7de)'
export const PAPER = 'var(--figure-paper, #ffffff)'

/** Usual width of a figure, px; below NARROW its parts stand closer, so that text keeps its size in a side panel. */
export const FIGURE_WIDTH = 680
export const NARROW = 540

export interface FigureFrame {
  readonly width: number
  readonly height: number
  /** Name of the picture, and what it shows in words: read out instead of it. */
  readonly title: string
  readonly description: string
}

/** An inline SVG that scales with its container and has a text alternative. */
export function figure({ width, height, title, description }: FigureFrame, body: readonly string[]): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" ` +
    `aria-label="${escapeMarkup(`${title}. ${description}`)}" style="max-width:100%;height:auto" ` +
    `font-family="system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="12">` +
    `<title>${escapeMarkup(title)}</title><desc>${escapeMarkup(description)}</desc>${body.join('')}</svg>`
  )
}

export interface TextStyle {
  readonly anchor?: 'start' | 'middle' | 'end'
  readonly weight?: 400 | 600 | 700
  readonly fill?: string
  readonly size?: number
  /** A rim in the colour of the paper, for text that stands on lines. */
  readonly rim?: boolean
}

export function svgText(x: number, y: number, text: string, style: TextStyle = {}): string {
  const { anchor = 'start', weight = 400, fill = INK, size = 12, rim = false } = style
  const stroke = rim ? ` stroke="${PAPER}" stroke-width="4" paint-order="stroke"` : ''
  return `<text x="${n(x)}" y="${n(y)}" text-anchor="${anchor}" font-weight="${weight}" font-size="${size}" fill="${fill}"${stroke}>${escapeMarkup(text)}</text>`
}

export const svgLine = (x1: number, y1: number, x2: number, y2: number, stroke = INK, width = 1, dash = ''): string =>
  `<line x1="${n(x1)}" y1="${n(y1)}" x2="${n(x2)}" y2="${n(y2)}" stroke="${stroke}" stroke-width="${n(width)}"${dash ? ` stroke-dasharray="${dash}"` : ''}/>`

export const svgRect = (x: number, y: number, width: number, height: number, fill: string, stroke = 'none'): string =>
  `<rect x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" fill="${fill}" stroke="${stroke}"/>`

/** Two decimals are finer than a screen; fixed so that the same data give the same bytes. */
const n = (x: number) => String(Math.round(x * 100) / 100)

/** Round steps of 1, 2 or 5 times a power of ten, about `count` of them up to `max`. */
export function roundSteps(max: number, count: number): number[] {
  if (!(max > 0)) return [0]
  const rough = max / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map(f => f * power).find(s => s >= rough) ?? rough
  const whole = Math.max(1, Math.round(step))
  return Array.from({ length: Math.floor(max / whole) + 1 }, (_, i) => i * whole)
}
