import { readdirSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { build } from 'esbuild'

/** Vitest global set-up: worker threads run bundles, so these are made from the sources under test first. */
export default async function buildWorkers(): Promise<void> {
  const root = resolve(import.meta.dirname, '..')
  const folder = resolve(root, 'src-main/workers')
  const workers = readdirSync(folder).filter(name => name.endsWith('.worker.ts'))

  await build({
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    absWorkingDir: root,
    logLevel: 'warning',
    entryPoints: {
      ...Object.fromEntries(workers.map(name => [basename(name, '.worker.ts'), resolve(folder, name)])),
      estimate: resolve(root, 'src-main/services/planner/estimate.worker.ts'),
      recipePlan: resolve(root, 'src-main/services/lab/recipePlan.worker.ts'),
    },
    outdir: 'dist/workers',
    external: ['electron', 'onnxruntime-node', 'h5wasm', 'h5wasm/*'],
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  })
}
