/** Where the index of a BAM is looked for, in htslib's order of preference. */
export function bamIndexNames(path: string): string[] {
  const bare = withoutEnding(path)
  return [`${path}.csi`, `${bare}.csi`, `${path}.bai`, `${bare}.bai`]
}

/** The same for a CRAM. */
export const cramIndexNames = (path: string): string[] => [`${path}.crai`, `${withoutEnding(path)}.crai`]

const withoutEnding = (path: string) => path.replace(/\.[^./\\]*$/, '')
