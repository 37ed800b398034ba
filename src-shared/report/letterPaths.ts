/**
 * Letters of sequence logos as outlines in a unit box (x right, y down), so that a logo needs no font and any letter can be stretched
 * to its height. Filled by the even-odd rule.
 */
export const LETTER_PATHS: Readonly<Record<'A' | 'C' | 'G' | 'T', string>> = {
  A: 'M0 1L.39 0H.61L1 1H.79L.71 .77H.29L.21 1ZM.345 .61H.655L.5 .17Z',
  C: 'M1 .67C.97 .88 .79 1 .54 1C.2 1 0 .79 0 .5C0 .21 .2 0 .54 0C.78 0 .95 .11 .99 .32H.78C.75 .22 .66 .165 .54 .165C.32 .165 .21 .29 .21 .5C.21 .71 .32 .835 .54 .835C.67 .835 .76 .78 .79 .67Z',
  G: 'M1 .46V.87C.89 .95 .74 1 .56 1C.2 1 0 .79 0 .5C0 .21 .2 0 .54 0C.78 0 .95 .11 .98 .31H.77C.74 .22 .66 .165 .54 .165C.32 .165 .21 .29 .21 .5C.21 .72 .33 .835 .56 .835C.66 .835 .74 .815 .8 .78V.61H.55V.46Z',
  T: 'M0 0H1V.17H.61V1H.39V.17H0Z',
}
