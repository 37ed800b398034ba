// `npm run dist`: builds, then packages with electron-builder: `npm run dist -- --linux`, `--win`, `--mac`, `--dir` (unpacked only).
// AppImage, deb, nsis and dmg need tools that electron-builder downloads at that moment; --dir needs nothing but Electron itself.
import { spawnSync } from 'node:child_process'
import { bin, ensureBuilt, ensureDependencies, root } from './lib.mjs'

ensureDependencies()
await ensureBuilt(['main', 'renderer'])
const done = spawnSync(
  bin('electron-builder'),
  ['--publish', 'never', '--config', 'electron-builder.yml', ...process.argv.slice(2)],
  { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' },
)
process.exit(done.status ?? 1)
