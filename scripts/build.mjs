// Bundles the program: `npm run build`, or through ensureBuilt() of lib.mjs when something is stale.
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { fingerprint, markFresh, PARTS, root } from './fresh.mjs'
import { withBuildLock } from './lib.mjs'

// Native or wasm-carrying packages are loaded from node_modules; everything else is bundled, which starts several times faster.
export const EXTERNAL = ['electron', 'onnxruntime-node', 'h5wasm', 'h5wasm/*', '@tensorflow/*', 'esbuild', 'vite']

// Bundled CommonJS packages call require, which an ES module has not.
export const BANNER = {
  js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
}

const HOUR_MS = 3_600_000

/** Removes the chunks of earlier builds. A program that runs may still load one that it has not needed yet: young ones stay. */
export function pruneChunks(current, folder = path.join(root, 'dist', 'chunks'), now = Date.now()) {
  for (const name of fs.readdirSync(folder)) {
    const file = path.join(folder, name)
    const written = fs.statSync(file, { throwIfNoEntry: false })
    if (!current.has(name) && written && now - written.mtimeMs > HOUR_MS) fs.rmSync(file, { force: true })
  }
}

const common = () => ({
  bundle: true,
  platform: 'node',
  target: 'node20',
  external: EXTERNAL,
  logLevel: 'warning',
  define: {
    'process.env.DIPLOSCOPE_VERSION': JSON.stringify(
      JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')).version,
    ),
  },
  absWorkingDir: root,
})

/** Bundles the command line into `outdir`; gives the names of what was written. Tests that start a process use it too. */
export async function bundleCommandLine(outdir) {
  const esbuild = await import('esbuild')
  const { metafile } = await esbuild.build({
    ...common(),
    metafile: true,
    entryPoints: { cli: 'src-main/hosts/cli/main.ts' },
    outdir,
    format: 'esm',
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    banner: BANNER,
  })
  return new Set(Object.keys(metafile.outputs).map(name => path.basename(name)))
}

export async function buildMain() {
  const esbuild = await import('esbuild')
  pruneChunks(await bundleCommandLine('dist'))
  const bundle = (entryPoints, outdir) =>
    esbuild.build({ ...common(), entryPoints, outdir, format: 'esm', banner: BANNER })
  const workers = fs.readdirSync(path.join(root, 'src-main', 'workers')).filter(n => n.endsWith('.worker.ts'))
  await bundle(
    {
      ...Object.fromEntries(workers.map(n => [path.basename(n, '.worker.ts'), path.join('src-main', 'workers', n)])),
      // Threads of services, which may import what workers may not.
      estimate: path.join('src-main', 'services', 'planner', 'estimate.worker.ts'),
      recipePlan: path.join('src-main', 'services', 'lab', 'recipePlan.worker.ts'),
    },
    'dist/workers',
  )
  await bundle(
    {
      'compute/process': 'src-main/compute/process.ts',
      'compute/tensorflow/process': 'src-main/compute/tensorflow/process.ts',
      'electron/main': 'src-main/hosts/electron/main.ts',
      'electron/services': 'src-main/hosts/electron/services.ts',
    },
    'dist',
  )
  // A sandboxed preload must be one CommonJS file.
  await esbuild.build({
    ...common(),
    entryPoints: { 'electron/preload': 'src-main/hosts/electron/preload.ts' },
    outdir: 'dist',
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
  })
}

export async function buildRenderer() {
  const vite = await import('vite')
  // A test runner sets NODE_ENV to 'test', with which React's slow development build would be bundled.
  process.env.NODE_ENV = 'production'
  await vite.build({
    configFile: path.join(root, 'vite.config.ts'),
    root: path.join(root, 'src-renderer'),
    logLevel: 'warn',
  })
}

/** Builds parts and marks them fresh. The fingerprint is taken first: a file changed meanwhile leaves the part stale. */
export async function build(parts) {
  fs.mkdirSync(path.join(root, 'dist'), { recursive: true })
  for (const part of parts) {
    const print = fingerprint(PARTS[part])
    await (part === 'main' ? buildMain() : buildRenderer())
    markFresh(part, print)
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  await withBuildLock(() => build(['main', 'renderer']))
