import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'

/**
 * Where the built process `name` (`compute/process.js`) is, seen from this module, whether bundled into `dist/` or run from its source.
 * @throws WorkbenchError `engine-missing` when the program has not been built
 */
export function builtEntry(name: string): string {
  const tried: string[] = []
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    for (const candidate of [join(folder, name), join(folder, 'dist', name)]) {
      if (existsSync(candidate)) return unpacked(candidate)
      tried.push(candidate)
    }
    if (dirname(folder) === folder) break
  }
  throw new WorkbenchError(
    'engine-missing',
    `the compute program '${name}' is not beside this one`,
    "run 'npm run build'",
    {
      tried: tried.slice(0, 4).join(' '),
    },
  )
}

/** A child process cannot be started from inside an asar archive; its files lie beside it. */
const unpacked = (path: string) => path.replace(/app\.asar([\\/])/, 'app.asar.unpacked$1')
