// Renders assets/icons/icon.svg to the icon files that packaging needs: `node scripts/make-icons.mjs` (needs a Chromium).
import fs from 'node:fs'
import path from 'node:path'
import { ensureChromium } from './chromium.mjs'
import { root } from './lib.mjs'

const folder = path.join(root, 'assets', 'icons')
const svg = fs.readFileSync(path.join(folder, 'icon.svg'), 'utf8')
const { chromium } = await import('playwright-core')
const browser = await chromium.launch({
  executablePath: await ensureChromium(),
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
})
const png = {}
for (const size of [16, 24, 32, 48, 64, 128, 256, 512, 1024]) {
  const page = await browser.newPage({ viewport: { width: size, height: size } })
  await page.setContent(
    `<style>html,body{margin:0;background:transparent}svg{display:block;width:${size}px;height:${size}px}</style>${svg}`,
  )
  png[size] = await page.screenshot({ omitBackground: true })
  await page.close()
}
await browser.close()

// ICO: a directory of PNG pictures; a size of 256 is written as 0.
function ico(sizes) {
  const head = Buffer.alloc(6 + 16 * sizes.length)
  head.writeUInt16LE(1, 2)
  head.writeUInt16LE(sizes.length, 4)
  let at = head.length
  sizes.forEach((size, i) => {
    const o = 6 + 16 * i
    head[o] = size & 255
    head[o + 1] = size & 255
    head.writeUInt16LE(1, o + 4)
    head.writeUInt16LE(32, o + 6)
    head.writeUInt32LE(png[size].length, o + 8)
    head.writeUInt32LE(at, o + 12)
    at += png[size].length
  })
  return Buffer.concat([head, ...sizes.map(s => png[s])])
}

// ICNS: four-letter types, each a PNG of one size, big-endian lengths that include their own eight bytes.
function icns(types) {
  const parts = types.map(([type, size]) => {
    const head = Buffer.alloc(8)
    head.write(type, 0, 'latin1')
    head.writeUInt32BE(png[size].length + 8, 4)
    return Buffer.concat([head, png[size]])
  })
  const head = Buffer.alloc(8)
  head.write('icns', 0, 'latin1')
  head.writeUInt32BE(8 + parts.reduce((n, p) => n + p.length, 0), 4)
  return Buffer.concat([head, ...parts])
}

fs.writeFileSync(path.join(folder, 'icon.png'), png[512])
for (const size of [16, 32, 48, 64, 128, 256, 512])
  fs.writeFileSync(path.join(folder, `${size}x${size}.png`), png[size])
fs.writeFileSync(path.join(folder, 'icon.ico'), ico([16, 24, 32, 48, 64, 128, 256]))
fs.writeFileSync(
  path.join(folder, 'icon.icns'),
  icns([
    ['ic11', 32],
    ['ic12', 64],
    ['ic07', 128],
    ['ic08', 256],
    ['ic09', 512],
    ['ic10', 1024],
  ]),
)
