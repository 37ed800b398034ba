/** Widest view in bp in which each kind of track is read; above it the track asks to be zoomed in. Three screens are read at once. */
export const VISIBLE_BP = { coverage: 300_000, diplotype: 30_000, reads: 30_000, genes: 3_000_000 } as const
