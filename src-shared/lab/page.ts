/** A value drawn with its spread. */
export interface FigurePoint {
  readonly x: number
  readonly y: number
  /** Ends of the error bar; absent without one. */
  readonly lower?: number
  readonly upper?: number
  /** Drawn as a mark at the upper edge and told in the table: `does not fit`. `y` is not read then. */
  readonly missing?: string
}

export interface FigureSeries {
  readonly name: string
  readonly points: readonly FigurePoint[]
  /** Another machine's, or published: drawn paler or dashed, and named in the legend. */
  readonly from?: string
  /** Series of the same group share a colour. */
  readonly group?: string
  /** `level`: a limit that nobody measured, one dashed line across the figure at the height of its first point. */
  readonly style?: 'line' | 'dashed' | 'points' | 'level'
}

export interface FigureAxis {
  /** With its unit. */
  readonly label: string
  readonly scale: 'linear' | 'log'
  /** How its numbers are written. `percent`: a share from 0 to 1. Bytes count in powers of 1,000. */
  readonly format: 'number' | 'bytes' | 'seconds' | 'base-pairs' | 'percent' | 'ratio'
  /** Where ticks belong; chosen when absent. */
  readonly ticks?: readonly number[]
}

/** A vertical line with its sentence: `sparse is smaller from 262,144 bp`. */
export interface FigureMark {
  readonly x: number
  readonly label: string
}

export interface LineFigure {
  readonly kind: 'lines'
  readonly id: string
  readonly title: string
  readonly x: FigureAxis
  readonly y: FigureAxis
  readonly series: readonly FigureSeries[]
  readonly marks: readonly FigureMark[]
  /** Draws y = x and its band: predicted against measured. 0.25 is 25 % each way. */
  readonly identityBand?: number
}

/** Ratios by row and column, 1 being no difference; null where there is no value. Row-major. */
export interface GridFigure {
  readonly kind: 'grid'
  readonly id: string
  readonly title: string
  readonly rows: { readonly label: string; readonly names: readonly string[] }
  readonly columns: { readonly label: string; readonly names: readonly string[] }
  readonly values: readonly (number | null)[]
  /** Why a value is absent, by index. */
  readonly missing: Readonly<Record<number, string>>
  /** `diverging-ratio`: log scale with its middle at 1, above 1 being better. */
  readonly colours: 'diverging-ratio' | 'sequential'
  readonly format: FigureAxis['format']
}

export interface LabTable {
  readonly id: string
  readonly title: string
  readonly columns: readonly { readonly name: string; readonly align: 'left' | 'right' }[]
  /** As shown; an absent value is `-`. */
  readonly rows: readonly (readonly string[])[]
  /** Where published rows come from, what differs. */
  readonly notes: readonly string[]
}

type Tone = 'good' | 'bad' | 'open'

export interface PageAnswer {
  readonly tone: Tone | 'mixed'
  readonly text: string
}

/** What many tones are together. */
export const toneOfAll = (tones: readonly Tone[]): PageAnswer['tone'] => {
  const [first, ...others] = new Set(tones)
  return first === undefined ? 'open' : others.length > 0 ? 'mixed' : first
}

export type LabFigure = LineFigure | GridFigure

/** What an experiment answers: sentences that say who wins and who loses, then figures and tables. Pure function of its results. */
export interface LabPage {
  readonly question: string
  /** The question answered as a whole, in a sentence or two; null while nothing tells. `mixed`: not alike everywhere. */
  readonly answer: PageAnswer | null
  /** Each a whole sentence with its numbers; `good`: the cheaper form wins, `bad`: it loses, `open`: not enough points. */
  readonly verdicts: readonly { readonly tone: Tone; readonly text: string }[]
  readonly figures: readonly LabFigure[]
  readonly tables: readonly LabTable[]
  readonly notes: readonly string[]
}
