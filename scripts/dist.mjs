// `npm run dist`: builds, then packages with electron-builder: `npm run dist -- --linux`, `--win`, `--mac`, `--dir` (unpacked only).
// AppImage, deb, nsis and dmg need tools that electron-builder downloads at that moment; --dir needs nothing but Electron itself.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { bin, ensureDependencies, root, withBuildLock } from './lib.mjs'

ensureDependencies()
// A package holds this build alone, nothing of earlier ones.
await withBuildLock(async () => {
  const dist = path.join(root, 'dist')
  for (const name of fs.readdirSync(dist)) if (name !== '.lock') fs.rmSync(path.join(dist, name), { recursive: true })
  await (await import('./build.mjs')).build(['main', 'renderer'])
})
const done = spawnSync(
  bin('electron-builder'),
  ['--publish', 'never', '--config', 'electron-builder.yml', ...process.argv.slice(2)],
  { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' },
)
process.exit(done.status ?? 1)
