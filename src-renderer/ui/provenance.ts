import type { OpenedFile } from '../../src-shared/genome/files.ts'
import type { AppInfo } from '../../src-shared/ipc/contract.ts'
import { isSynthetic } from '../state/tracks.ts'

/** What a table or picture says about where it comes from. */
export interface Origin {
  readonly info: AppInfo | null
  readonly what: string
  readonly files: readonly OpenedFile[]
  readonly options?: Readonly<Record<string, string | number | boolean>>
}

/** Lines of provenance, without a comment sign. */
export function originLines({ info, what, files, options }: Origin, now: Date): readonly string[] {
  return [
    `Diploscope ${info?.version ?? ''}: ${what}`,
    `made: ${now.toISOString()}`,
    ...files.map(
      f =>
        `file: ${f.name} (${f.facts.sizeBytes} bytes, changed ${new Date(f.facts.modifiedAt).toISOString()}${isSynthetic(f) ? ', synthetic' : ''})`,
    ),
    ...(options
      ? [
          `options: ${Object.entries(options)
            .map(([k, v]) => `${k}=${v}`)
            .join(' ')}`,
        ]
      : []),
    'research use only',
  ]
}

export type Cell = string | number | null

/** A table as tab-separated text with its provenance as comments; tabs and line ends inside cells become spaces. */
export function toTsv(
  header: readonly string[],
  rows: readonly (readonly Cell[])[],
  origin: readonly string[],
): string {
  const clean = (c: Cell) => (c === null ? '' : String(c).replace(/[\t\r\n]+/g, ' '))
  return `${[...origin.map(l => `# ${clean(l)}`), header.map(clean).join('\t'), ...rows.map(r => r.map(clean).join('\t'))].join('\n')}\n`
}

const escapeXml = (text: string) => text.replace(/[&<>]/g, c => (c === '&' ? '&amp;' : c === '<' ? '&lt;' : '&gt;'))

/** A picture with its provenance as a description inside, and its own white paper. */
export function svgWithOrigin(svg: string, origin: readonly string[]): string {
  const open = /<svg\b[^>]*>/.exec(svg)?.[0] ?? ''
  const namespaced = open.includes('xmlns=') ? open : open.replace('<svg', '<svg xmlns="http://www.w3.org/2000/svg"')
  return svg.replace(open, `${namespaced}<metadata>${escapeXml(origin.join('\n'))}</metadata>`)
}

/** A name that every file system takes. */
export const fileName = (...parts: readonly string[]): string =>
  parts
    .join('.')
    .replace(/[^\w.+-]+/g, '_')
    .replace(/_{2,}/g, '_')
    .slice(0, 120)
