import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder that holds `dist` and `assets`; this file runs as `dist/cli.js` or a chunk below it. */
export function programRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder)
  return folder
}

/** The recipes of the program: in its folder, or beside the archive of a packaged one. */
export function shippedRecipesDir(root: string = programRoot()): string {
  const inside = join(root, 'assets', 'recipes')
  const beside = join(root, '..', 'assets', 'recipes')
  return !existsSync(inside) && existsSync(beside) ? beside : inside
}
