// Runs a tool of node_modules after making sure that the locked dependencies are there: `node scripts/with-deps.mjs TOOL ARG…`
import { spawnSync } from 'node:child_process'
import { bin, ensureDependencies, root } from './lib.mjs'

ensureDependencies()
const [tool, ...args] = process.argv.slice(2)
const done = spawnSync(bin(tool), args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' })
process.exit(done.status ?? 1)
