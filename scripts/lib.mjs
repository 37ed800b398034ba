// What the scripts share: where the repository is, whether its dependencies and build are fresh, and running a program.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { isStale, root } from './fresh.mjs'

export { isStale, root } from './fresh.mjs'

export const bin = name => path.join(root, 'node_modules', '.bin', process.platform === 'win32' ? `${name}.cmd` : name)

/** Installs the locked dependencies when they are missing or older than the lockfile. */
export function ensureDependencies() {
  const lock = path.join(root, 'package-lock.json')
  const installed = path.join(root, 'node_modules', '.package-lock.json')
  const marker = path.join(root, 'node_modules', '.diploscope-lock')
  const wanted = createHash('sha256').update(fs.readFileSync(lock)).digest('hex')
  if (fs.existsSync(installed)) {
    if (
      fs.existsSync(marker)
        ? fs.readFileSync(marker, 'utf8') === wanted
        : fs.statSync(installed).mtimeMs >= fs.statSync(lock).mtimeMs
    )
      return
  }
  process.stderr.write('Installing the locked dependencies (npm ci)…\n')
  const npm = process.env.npm_execpath
  const command = npm ? [process.execPath, [npm]] : [process.platform === 'win32' ? 'npm.cmd' : 'npm', []]
  const done = spawnSync(command[0], [...command[1], 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: !npm && process.platform === 'win32',
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
  })
  if (done.status !== 0) {
    process.stderr.write(
      'diploscope: internal: the dependencies could not be installed - check the network to the npm registry and try again\n',
    )
    process.exit(1)
  }
  fs.writeFileSync(marker, wanted)
}

/** Runs `work` while no other process builds; a lock whose owner is gone is taken over. */
export async function withBuildLock(work) {
  const lock = path.join(root, 'dist', '.lock')
  fs.mkdirSync(path.dirname(lock), { recursive: true })
  for (;;) {
    try {
      fs.writeFileSync(lock, String(process.pid), { flag: 'wx' })
      break
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
      let owner = 0
      try {
        owner = Number(fs.readFileSync(lock, 'utf8'))
      } catch {}
      let lives = owner > 0
      if (lives)
        try {
          process.kill(owner, 0)
        } catch (e) {
          lives = e.code === 'EPERM'
        }
      else lives = fs.existsSync(lock) && Date.now() - fs.statSync(lock).mtimeMs < 2000
      if (!lives) fs.rmSync(lock, { force: true })
      else await new Promise(done => setTimeout(done, 50))
    }
  }
  try {
    return await work()
  } finally {
    fs.rmSync(lock, { force: true })
  }
}

/** Builds the given parts when their sources are newer than what was built. Loads the bundlers only then. */
export async function ensureBuilt(parts) {
  if (!parts.some(isStale)) return
  if (!fs.existsSync(path.join(root, 'node_modules', 'esbuild'))) {
    process.stderr.write("diploscope: internal: the dependencies are not installed - run 'npm ci' first\n")
    process.exit(1)
  }
  try {
    await withBuildLock(async () => {
      const stale = parts.filter(isStale)
      if (stale.length) await (await import('./build.mjs')).build(stale)
    })
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes(error.code)) throw error
    process.stderr.write(
      `diploscope: permission: what is built is older than its sources, and '${path.join(root, 'dist')}' may not be written - run 'npm run build' as the owner of the clone\n`,
    )
    process.exit(3)
  }
}
