// `npm test`: all the set-up, then everything: format, lint with the layer rules, types, unit tests, golden numbers, end-to-end flows.
// Ends with the line `N passed, N failed`. Goes on after a failure, so that one run tells all of them.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { bin, ensureBuilt, ensureDependencies, root } from './lib.mjs'

ensureDependencies()
const { ensureChromium } = await import('./chromium.mjs')

let passed = 0
let failed = 0
let skipped = 0
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'diploscope-test-'))
const title = text => process.stdout.write(`\n== ${text}\n`)
const run = (tool, args, env = {}) =>
  spawnSync(bin(tool), args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
    env: { ...process.env, ...env },
  }).status ?? 1

function step(name, tool, args) {
  title(name)
  if (run(tool, args) === 0) passed++
  else {
    failed++
    process.stdout.write(`${name}: failed\n`)
  }
}

function vitest(name, config, env = {}) {
  title(name)
  const report = path.join(scratch, `${config}.json`)
  const status = run(
    'vitest',
    [
      'run',
      '--config',
      config,
      '--reporter=default',
      '--reporter=./test-support/skips.ts',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ],
    env,
  )
  try {
    const r = JSON.parse(fs.readFileSync(report, 'utf8'))
    passed += r.numPassedTests
    skipped += r.numPendingTests + (r.numTodoTests ?? 0)
    const files = r.testResults.filter(
      t => t.status === 'failed' && t.assertionResults.every(a => a.status !== 'failed'),
    ).length
    failed += r.numFailedTests + files
    if (r.numPassedTests + r.numFailedTests === 0) {
      failed++
      process.stdout.write(`${name}: no test ran\n`)
    } else if (status !== 0 && r.numFailedTests + files === 0) failed++
  } catch {
    failed++
    process.stdout.write(`${name}: ended without a report (${status})\n`)
  }
}

step('format, lint, layers', 'biome', ['ci', '--error-on-warnings', '.'])
step('types', 'tsc', ['-p', '.'])
vitest('unit tests', 'vitest.config.ts')
vitest('golden numbers', 'vitest.golden.config.ts')

title('end-to-end flows')
const chromium = await ensureChromium()
if (!chromium) {
  failed++
  process.stdout.write(
    "no Chromium could be found or installed - install the package 'chromium', or name one in DIPLOSCOPE_CHROMIUM\n",
  )
} else {
  await ensureBuilt(['main', 'renderer'])
  vitest('flows in Chromium', 'vitest.e2e.config.ts', { DIPLOSCOPE_CHROMIUM: chromium })
}
fs.rmSync(scratch, { recursive: true, force: true })
process.stdout.write(`\n${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}\n`)
process.exit(failed === 0 ? 0 : 1)
