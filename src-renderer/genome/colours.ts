/** Colours of the browser panel, which is light in both themes. Nucleotides as genome browsers have them. */
export const BASE_COLOUR: Readonly<Record<string, string>> = {
  A: 'rgb(0,150,0)',
  C: 'rgb(0,0,200)',
  G: 'rgb(209,113,5)',
  T: 'rgb(214,0,0)',
  N: 'rgb(110,110,110)',
  DEL: 'rgb(60,60,60)',
}

/** The same, pale: what agrees with the reference stays in the background. */
export const PALE: Readonly<Record<string, string>> = {
  A: 'rgb(207,232,207)',
  C: 'rgb(208,208,242)',
  G: 'rgb(247,226,205)',
  T: 'rgb(247,208,208)',
  N: 'rgb(230,230,230)',
  DEL: 'rgb(200,200,200)',
}

export const UNCOVERED = 'rgb(238,238,238)'
export const COVERED = 'rgb(190,203,207)'
/** Okabe-Ito reddish purple: set apart from all four nucleotides. */
export const HETEROZYGOUS = 'rgb(170,51,119)'
export const INSERTION = 'rgb(110,40,160)'
export const DEPTH = 'rgb(138,158,165)'
export const DEPTH_PEAK = 'rgb(196,207,211)'
/** Reads that skip a base. */
export const SKIP = 'rgb(150,110,160)'
export const AXIS = 'rgb(90,90,90)'
