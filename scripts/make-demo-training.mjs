// Makes the synthetic genome and tracks that the demo's model is trained on: `node scripts/make-demo-training.mjs FOLDER`. Seeded.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
if (!process.argv[2]) {
  console.error('usage: node scripts/make-demo-training.mjs FOLDER')
  process.exit(2)
}
const folder = path.resolve(process.argv[2])
const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'diploscope-demo-'))
try {
  const { build } = await import('esbuild')
  const outfile = path.join(temporary, 'make.mjs')
  await build({
    entryPoints: [path.join(root, 'test-support/demo/tracks.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    logLevel: 'warning',
  })
  const { makeDemoTraining } = await import(pathToFileURL(outfile).href)
  for (const name of await makeDemoTraining(folder, 'diploscope demo tracks 1'))
    console.log(`${String(fs.statSync(path.join(folder, name)).size).padStart(9)}  ${name}`)
} finally {
  fs.rmSync(temporary, { recursive: true, force: true })
}
