import { mkdtemp, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { bundleCommandLine } from '../scripts/build.mjs'

const root = resolve(import.meta.dirname, '..')

/** The command line bundled as it ships, for tests that start it as a process. Below dist, where it finds workers and packages. */
export async function builtCli(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(root, 'dist', '.cli-test-'))
  await bundleCommandLine(folder)
  return { path: join(folder, 'cli.js'), remove: () => rm(folder, { recursive: true, force: true, maxRetries: 10 }) }
}
