export const EXTERNAL: string[]
export const BANNER: { js: string }
export function bundleCommandLine(outdir: string): Promise<Set<string>>
