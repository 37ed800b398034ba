import { diplotypeOfChar } from '../../src-shared/genome/diplotype.ts'
import type { DiplotypeTrack } from '../../src-shared/genome/diplotypeTrack.ts'
import type { Interval } from '../../src-shared/genome/interval.ts'
import { BASE_COLOUR, COVERED, HETEROZYGOUS, INSERTION, PALE, UNCOVERED } from './colours.ts'
import { Failure } from './failure.ts'
import { type DrawContext, type IgvBrowser, igv, type TrackConfig } from './igvInternals.ts'

/** A sample's two alleles at every base. */
export interface DiplotypeData {
  readonly track: DiplotypeTrack
  /** Upper-case reference of the same interval, '' when there is none. */
  readonly sequence: string
}
export interface DiplotypeSource {
  read(interval: Interval): Promise<DiplotypeData | Failure>
}

/** How one position is drawn. */
export interface Cell {
  readonly kind: 'uncovered' | 'homozygous' | 'heterozygous'
  /** A, C, G, T, N or DEL of each allele. */
  readonly alleles: readonly [string, string]
  readonly insertion: boolean
  /** Both alleles are the reference base. */
  readonly reference: boolean
}

const LETTER: Readonly<Record<string, string>> = { AI: 'A', CI: 'C', GI: 'G', TI: 'T', NI: 'N' }

/** What a character of the diplotype alphabet looks like over a reference base. */
export function cellOf(char: string, depth: number, reference: string): Cell {
  const code = diplotypeOfChar(char)
  if (depth === 0 || !code) return { kind: 'uncovered', alleles: ['N', 'N'], insertion: false, reference: false }
  const letter = (token: string) => LETTER[token] ?? token
  const alleles: [string, string] = [letter(code.allele1), letter(code.allele2)]
  return {
    kind: code.allele1 === code.allele2 ? 'homozygous' : 'heterozygous',
    alleles,
    insertion: code.allele1 in LETTER || code.allele2 in LETTER,
    reference: code.allele1 === reference && code.allele2 === reference,
  }
}

export class DiplotypeFeatures {
  readonly data: DiplotypeData
  /** Characters outside the basic plane would shift indices; the alphabet has none, but a file is not trusted. */
  readonly characters: readonly string[]
  constructor(data: DiplotypeData) {
    this.data = data
    this.characters = [...data.track.characters]
  }
}

/** Pixels a base needs before its letters can be read. */
const LETTERS_FROM_PX = 8
/** Below this a base is not drawn by its colours. */
const CELLS_FROM_PX = 1.5

export const DIPLOTYPE_TYPE = 'diploscope-diplotype'

export function registerDiplotypeTrack(): void {
  class DiplotypeTrackView extends igv.TrackBase {
    readonly visibilityWindow: number
    readonly source: DiplotypeSource

    constructor(config: TrackConfig, browser: IgvBrowser) {
      super(config, browser)
      this.source = config['_source'] as DiplotypeSource
      this.visibilityWindow = config['visibilityWindow'] as number
    }

    async getFeatures(chr: string, start: number, end: number) {
      if (end <= start) return []
      const data = await this.source.read({ contig: chr, start, end })
      return data instanceof Failure ? data : new DiplotypeFeatures(data)
    }

    draw({ context, pixelWidth, pixelHeight, bpStart, bpPerPixel, features }: DrawContext) {
      if (features instanceof Failure) return features.draw(context, pixelWidth, pixelHeight)
      if (!(features instanceof DiplotypeFeatures)) return
      const { track, sequence } = features.data
      // Without a reference nothing differs from it; what differs between the alleles still stands out.
      const quiet = (cell: Cell) => cell.reference || !sequence
      const top = 8
      const height = pixelHeight - top - 2
      const width = 1 / bpPerPixel
      const rect = (colour: string, x: number, y: number, w: number, h: number) => {
        context.fillStyle = colour
        context.fillRect(x, y, w, h)
      }
      const letters = width >= LETTERS_FROM_PX
      if (letters) {
        context.font = `600 ${Math.min(12, Math.floor(height / 2))}px sans-serif`
        context.textAlign = 'center'
        context.textBaseline = 'middle'
      }
      features.characters.forEach((char, i) => {
        const x = (track.interval.start + i - bpStart) / bpPerPixel
        if (x + width < 0 || x > pixelWidth) return
        const cell = cellOf(char, track.depth[i] ?? 0, sequence[i] ?? '')
        if (cell.kind === 'uncovered') {
          rect(UNCOVERED, x, top, Math.max(1, width), height)
          return
        }
        const [a, b] = cell.alleles
        if (width < CELLS_FROM_PX) {
          if (cell.kind === 'homozygous' && quiet(cell)) rect(COVERED, x, top, Math.max(1, width), height)
        } else if (cell.kind === 'homozygous') {
          rect((quiet(cell) ? PALE : BASE_COLOUR)[a] ?? COVERED, x, top, width, height)
        } else {
          rect(BASE_COLOUR[a] ?? COVERED, x, top, width, height / 2)
          rect(BASE_COLOUR[b] ?? COVERED, x, top + height / 2, width, height / 2)
        }
        if (letters) {
          const show = (text: string, y: number, light: boolean) => {
            context.fillStyle = light ? 'white' : 'rgb(40,40,40)'
            context.fillText(text === 'DEL' ? '–' : text, x + width / 2, y)
          }
          if (cell.kind === 'homozygous') show(a, top + height / 2, !quiet(cell))
          else {
            show(a, top + height / 4, true)
            show(b, top + (height * 3) / 4, true)
          }
        }
        if (cell.insertion) rect(INSERTION, x + width - 1, top, 2, height)
      })
      // Last, so that at any zoom what is not the reference stays visible: at least two pixels, and a mark above.
      features.characters.forEach((char, i) => {
        const cell = cellOf(char, track.depth[i] ?? 0, sequence[i] ?? '')
        if (cell.kind === 'uncovered' || (cell.kind === 'homozygous' && quiet(cell))) return
        const x = (track.interval.start + i - bpStart) / bpPerPixel
        if (x + width < 0 || x > pixelWidth) return
        const middle = x + width / 2
        if (cell.kind === 'heterozygous') {
          if (width < CELLS_FROM_PX) rect(HETEROZYGOUS, middle - 1, top, 2, height)
          context.fillStyle = HETEROZYGOUS
          context.beginPath()
          context.moveTo(middle - 4, 0)
          context.lineTo(middle + 4, 0)
          context.lineTo(middle, 6)
          context.closePath()
          context.fill()
        } else if (width < CELLS_FROM_PX) rect(BASE_COLOUR[cell.alleles[0]] ?? COVERED, middle - 1, top, 2, height)
      })
    }

    popupData() {
      return []
    }
  }
  igv.registerTrackClass(DIPLOTYPE_TYPE, DiplotypeTrackView)
}
