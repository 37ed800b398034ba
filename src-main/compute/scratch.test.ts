import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { expect, it } from 'vitest'
import { scratchFolder } from './scratch.ts'

it('removes the folders of processes that have ended, and no other', () => {
  const parent = mkdtempSync(join(tmpdir(), 'scratch-test-'))
  const gone = spawnSync(process.execPath, ['-e', '']).pid
  for (const name of [`diploscope-compute-${gone}-a`, `diploscope-compute-${process.ppid}-b`, 'thesis'])
    mkdirSync(join(parent, name))
  const made = [scratchFolder(parent), scratchFolder(parent)].map(path => basename(path))
  expect(new Set(readdirSync(parent))).toEqual(new Set([`diploscope-compute-${process.ppid}-b`, 'thesis', ...made]))
  rmSync(parent, { recursive: true })
})
