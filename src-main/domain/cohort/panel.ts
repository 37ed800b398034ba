/** Where training people differ from the reference, and how: what a model has seen of the locus. */
export interface Panel {
  /** Offset within the region, ascending. */
  readonly sites: readonly PanelSite[]
}
export interface PanelSite {
  readonly offset: number
  /** Diplotype characters other than the reference's that enough training people have there. */
  readonly characters: string
}

/**
 * The sites at which at least `leastShare` of the people have the same character that is not the reference's. Rarer characters (private
 * variants, errors of sequencing, gaps of coverage) are what a network of this size learns by heart instead of what they have in common.
 */
export function panelOf(texts: readonly string[], reference: string, leastShare: number): Panel {
  const counts = new Map<number, Map<string, number>>()
  for (const text of texts)
    for (let i = 0; i < reference.length; i++) {
      if (text[i] === reference[i] || text[i] === 'N') continue
      let site = counts.get(i)
      if (!site) {
        site = new Map()
        counts.set(i, site)
      }
      site.set(text[i]!, (site.get(text[i]!) ?? 0) + 1)
    }
  const least = Math.max(2, leastShare * texts.length)
  const sites: PanelSite[] = []
  for (const [offset, site] of [...counts].sort((a, b) => a[0] - b[0])) {
    const characters = [...site].filter(([, n]) => n >= least).map(([c]) => c).sort().join('') // biome-ignore format: one line
    if (characters !== '') sites.push({ offset, characters })
  }
  return { sites }
}

export interface Cleaned {
  readonly text: string
  /** Positions that hold a letter no panel site has, uncovered ones not counted: the reference stands there now. */
  readonly unseen: number
  /** Sites of the panel that no read covers. */
  readonly uncoveredSites: number
}

/** The text as a model with this panel reads it: the panel's characters at its sites, the reference everywhere else. */
export function throughPanel(text: string, reference: string, panel: Panel): Cleaned {
  const parts: string[] = []
  let at = 0
  let uncoveredSites = 0
  let taken = 0
  for (const { offset, characters } of panel.sites) {
    const character = text[offset]!
    if (character === 'N') uncoveredSites++
    if (character === reference[offset] || !characters.includes(character)) continue
    parts.push(reference.slice(at, offset), character)
    at = offset + 1
    taken++
  }
  parts.push(reference.slice(at))
  let different = 0
  for (let i = 0; i < reference.length; i++) if (text[i] !== reference[i] && text[i] !== 'N') different++
  return { text: parts.join(''), unseen: different - taken, uncoveredSites }
}

/** The text with the reference's letter where no read counts, or as it is. */
export function filled(text: string, reference: string, uncovered: 'N' | 'reference'): string {
  if (uncovered === 'N' || !text.includes('N')) return text
  const parts: string[] = []
  let at = 0
  for (let i = text.indexOf('N'); i >= 0; i = text.indexOf('N', i + 1)) {
    parts.push(text.slice(at, i), reference[i]!)
    at = i + 1
  }
  parts.push(text.slice(at))
  return parts.join('')
}
