#!/usr/bin/env node
// The command line. In a clone it builds what is stale first; in a package there are no sources and nothing to build.
import fs from 'node:fs'

const root = new URL('..', import.meta.url)
if (fs.existsSync(new URL('src-main', root)) && process.env.DIPLOSCOPE_NO_BUILD !== '1') {
  const parts = process.argv[2] === 'serve' ? ['main', 'renderer'] : ['main']
  const { isStale } = await import('../scripts/fresh.mjs')
  if (parts.some(isStale)) await (await import('../scripts/lib.mjs')).ensureBuilt(parts)
}
await import('../dist/cli.js')
