// Whether what was built is as new as its sources. Every start of the command line asks this, so it loads nothing but the file system.
import fs from 'node:fs'
import path from 'node:path'

export const root = path.resolve(import.meta.dirname, '..')

export const PARTS = {
  main: {
    folders: ['src-shared', 'src-main'],
    files: ['package.json', 'package-lock.json', 'scripts/build.mjs', 'scripts/fresh.mjs'],
  },
  renderer: {
    folders: ['src-shared', 'src-renderer'],
    files: ['package-lock.json', 'vite.config.ts', 'scripts/build.mjs'],
  },
}

/**
 * Every source file below the given folders, with size and time: what a build's freshness is judged by. Kept as text rather than hashed:
 * the comparison costs less than loading a hash.
 */
export function fingerprint({ folders, files }) {
  const lines = []
  const add = (name, optional) => {
    const s = fs.statSync(`${root}/${name}`, { throwIfNoEntry: false })
    if (s) lines.push(`${name} ${s.size} ${s.mtimeMs}`)
    else if (!optional) lines.push(`${name} gone`) // removed since its folder was listed
  }
  const visit = folder => {
    for (const entry of fs.readdirSync(`${root}/${folder}`, { withFileTypes: true })) {
      const name = `${folder}/${entry.name}`
      if (entry.isDirectory()) visit(name)
      else if (!/\.test\.tsx?$/.test(name)) add(name, false)
    }
  }
  for (const folder of folders) if (fs.existsSync(`${root}/${folder}`)) visit(folder)
  for (const file of files) add(file, true)
  return lines.join('\n')
}

const stampOf = part => path.join(root, 'dist', `.${part}.stamp`)

export function isStale(part) {
  let built
  try {
    built = fs.readFileSync(stampOf(part), 'utf8')
  } catch {
    return true
  }
  return built !== fingerprint(PARTS[part])
}

/** `print` is the fingerprint that was taken before the build. */
export const markFresh = (part, print) => fs.writeFileSync(stampOf(part), print)
