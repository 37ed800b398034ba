import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { resolve } from 'node:path'
import { build } from 'esbuild'

const root = resolve(import.meta.dirname, '..')

// Bundled CommonJS packages call require, which an ES module has not.
const banner = {
  js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
}

/** Vitest global setup: the tests talk to real compute processes, which run built code. */
export default async function setup(): Promise<void> {
  for (const name of ['compute/process', 'compute/tensorflow/process']) {
    const out = resolve(root, 'dist', `${name}.js`)
    if (!existsSync(resolve(root, 'src-main', `${name}.ts`))) continue
    const temporary = `${out}.${process.pid}.part.js`
    mkdirSync(resolve(out, '..'), { recursive: true })
    await build({
      entryPoints: [resolve(root, 'src-main', `${name}.ts`)],
      outfile: temporary,
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      external: ['onnxruntime-node', '@tensorflow/*'],
      banner,
      logLevel: 'warning',
    })
    renameSync(temporary, out) // whole or not at all: another run may start it meanwhile
  }
}
