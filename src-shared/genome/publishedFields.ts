/**
 * Medians over 896 bins of the mean |change| at the nine positions of the S-Enformer report's Figure 8, from its authors' own results
 * file (a different run from the picture in the report). Window of 196,608 bp, 100 random sequences a position, 5,313 human tracks.
 */
export const PUBLISHED_FIELDS: readonly {
  readonly kind: string
  readonly name: string
  readonly windowBp: number
  readonly medians: readonly number[]
}[] = [
  {
    kind: 'enformer',
    name: 'Enformer (published)',
    windowBp: 196_608,
    medians: [2.5e-5, 1.2e-4, 2.7e-4, 6.1e-4, 5.4e-4, 6.7e-4, 3.5e-4, 1.4e-4, 2.6e-5],
  },
  {
    kind: 's-enformer',
    name: 'S-Enformer (published)',
    windowBp: 196_608,
    medians: [3.3e-5, 1.1e-4, 8.8e-5, 8.5e-5, 7.7e-6, 9.4e-6, 7.1e-6, 8.0e-6, 3.2e-5],
  },
]
