// `npm run bench [NAME…]`: bundles bench/NAME.bench.ts and runs its `run({ json, args })`. Without a name, lists them.
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { ensureBuilt, ensureDependencies, root } from './lib.mjs'

ensureDependencies()
const folder = path.join(root, 'bench')
const names = fs
  .readdirSync(folder)
  .filter(n => n.endsWith('.bench.ts'))
  .map(n => n.slice(0, -'.bench.ts'.length))
  .sort()
const argv = process.argv.slice(2)
const json = argv.includes('--json')
const asked = argv[0] && !argv[0].startsWith('--') ? argv[0] : undefined
if (!asked || !names.includes(asked)) {
  process.stderr.write(`benchmarks: ${names.join(', ')}\n`)
  if (asked)
    process.stderr.write(`diploscope: wrong-usage: there is no benchmark '${asked}' - give one of these names\n`)
  process.exit(2)
}
await ensureBuilt(['main', 'renderer'])
const esbuild = await import('esbuild')
const { BANNER, EXTERNAL } = await import('./build.mjs')
const out = path.join(root, 'dist', 'bench', `${asked}.mjs`)
await esbuild.build({
  entryPoints: [path.join(folder, `${asked}.bench.ts`)],
  outfile: out,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  external: [...EXTERNAL, 'playwright-core'],
  logLevel: 'warning',
  banner: BANNER,
})
const cpu = os.cpus()[0]?.model ?? 'unknown processor'
const machine = {
  processor: cpu,
  cores: os.availableParallelism(),
  memoryGb: Math.round(os.totalmem() / 2 ** 30),
  platform: `${os.platform()} ${os.release()}`,
  node: process.version,
}
if (!json)
  process.stdout.write(
    `${asked}: ${machine.processor}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.platform}, Node ${machine.node}\n`,
  )
const { run } = await import(pathToFileURL(out).href)
const result = await run({ json, args: argv.slice(1), root })
if (json) process.stdout.write(`${JSON.stringify({ benchmark: asked, machine, result })}\n`)
process.exit(0)
