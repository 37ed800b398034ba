import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { RiskSheet } from '../../../src-shared/genome/risk.ts'
import { folderSheet } from './folderSheet.ts'
import { readSampleSheet } from './sampleSheet.ts'

const KEPT_FOLDERS = 4

/** Sheets read last; a folder is looked at again only where a file of it, or an index, came, went or changed. */
export function createKeptSheets(): { read(path: string): Promise<RiskSheet> } {
  const kept = new Map<string, { readonly state: string; readonly sheet: Promise<RiskSheet> }>()
  return {
    async read(path) {
      if (!(await stat(path).catch(() => undefined))?.isDirectory()) return readSampleSheet(path)
      const names = (await readdir(path)).sort()
      const states = await Promise.all(names.map(n => stat(join(path, n)).then(s => [n, s.size, s.mtimeMs, s.ino], () => [n]))) // biome-ignore format: one line
      const state = JSON.stringify(states)
      const known = kept.get(path)
      if (known?.state === state) return known.sheet
      const sheet = folderSheet([path])
      sheet.catch(() => kept.delete(path))
      kept.delete(path)
      kept.set(path, { state, sheet })
      for (const old of [...kept.keys()].slice(0, Math.max(0, kept.size - KEPT_FOLDERS))) kept.delete(old)
      return sheet
    },
  }
}
