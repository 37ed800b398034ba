import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

const root = process.env['DIPLOSCOPE_DATA'] ?? resolve(import.meta.dirname, '../../shared/data')

/**
 * The path of a file of the optional shared test data, or undefined where it is absent (a user's clone). The folder is
 * `../shared/data` beside the repository, or the environment's DIPLOSCOPE_DATA.
 */
export function sharedData(relative: string): string | undefined {
  const path = resolve(root, relative)
  return existsSync(path) ? path : undefined
}
