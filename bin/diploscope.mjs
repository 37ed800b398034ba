#!/usr/bin/env node
// The command line. In a clone it builds what is stale first; in a package there are no sources and nothing to build.
import fs from 'node:fs'

const root = new URL('..', import.meta.url)
if (fs.existsSync(new URL('src-main', root)) && process.env.DIPLOSCOPE_NO_BUILD !== '1') {
  const { ensureBuilt } = await import('../scripts/lib.mjs')
  await ensureBuilt(process.argv[2] === 'serve' ? ['main', 'renderer'] : ['main'])
}
await import('../dist/cli.js')
