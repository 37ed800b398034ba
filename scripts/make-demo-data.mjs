// Makes the demo data: `node scripts/make-demo-data.mjs [FOLDER]` (default assets/demo). Seeded; needs no tool but the locked dependencies.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
const folder = path.resolve(process.argv[2] ?? path.join(root, 'assets', 'demo'))
const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'diploscope-demo-'))
try {
  const { build } = await import('esbuild')
  const outfile = path.join(temporary, 'make.mjs')
  await build({
    entryPoints: [path.join(root, 'test-support/demo/make.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    logLevel: 'warning',
  })
  const { makeDemo } = await import(pathToFileURL(outfile).href)
  let total = 0
  for (const name of await makeDemo(folder)) {
    const { size } = fs.statSync(path.join(folder, name))
    total += size
    console.log(`${String(size).padStart(9)}  ${name}`)
  }
  console.log(`${String(total).padStart(9)}  bytes in all`)
} finally {
  fs.rmSync(temporary, { recursive: true, force: true })
}
