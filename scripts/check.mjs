// Format, lint with the layer rules, types, unit tests: what every commit must pass. `npm run check`
import { spawnSync } from 'node:child_process'
import { bin, ensureDependencies, root } from './lib.mjs'

ensureDependencies()
const steps = [
  ['format, lint, layers', 'biome', ['ci', '--error-on-warnings', '.']],
  ['types', 'tsc', ['-p', '.']],
  ['unit tests', 'vitest', ['run']],
  ['golden numbers', 'vitest', ['run', '--config', 'vitest.golden.config.ts']],
]
for (const [title, tool, args] of steps) {
  process.stdout.write(`\n== ${title}\n`)
  const done = spawnSync(bin(tool), args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' })
  if (done.status !== 0) {
    process.stdout.write(`${title}: failed\n`)
    process.exit(1)
  }
}
