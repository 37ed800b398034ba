import type { GenomeBrowser } from './genomeBrowser.ts'

let current: GenomeBrowser | undefined

/** The window's one browser, for commands that need it itself (a picture of the view). Kept apart so that they do not load igv.js. */
export const genomeBrowser = (): GenomeBrowser | undefined => current
export const setGenomeBrowser = (browser: GenomeBrowser): void => {
  current = browser
}
