import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { WorkbenchError } from '../../src-shared/ipc/errors.ts'

/**
 * The bundle of `src-main/workers/<name>.worker.ts`, which is dist/workers/<name>.js: found from a bundle in dist or below
 * it, and from the sources, where tests run.
 * @throws WorkbenchError `internal` when it was not built
 */
export function workerFile(name: string, from = import.meta.url): URL {
  for (const up of ['./', '../', '../../', '../../../'])
    for (const folder of ['workers/', 'dist/workers/']) {
      const url = new URL(`${up}${folder}${name}.js`, from)
      if (existsSync(fileURLToPath(url))) return url
    }
  throw new WorkbenchError('internal', `the worker '${name}' is not built`, "run 'npm run build'")
}
