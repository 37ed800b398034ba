import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, describe, expect, it } from 'vitest'
import { byteLines } from './byteLines.ts'
import { ensureRegularFile } from './checkedFile.ts'
import { readWhole, readWholeText } from './wholeFile.ts'

const folder = mkdtempSync(join(tmpdir(), 'diploscope-whole-'))
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))
const path = join(folder, 'text')
writeFileSync(path, 'caf\u00e9\n')

// Truth: what was written, and the kernel's own kinds of files.
describe('a file that is read whole', () => {
  it('gives its bytes and its text', async () => {
    expect([...(await readWhole(path))]).toEqual([99, 97, 102, 0xc3, 0xa9, 10])
    expect(await readWholeText(path)).toBe('caf\u00e9\n')
  })
  it('is refused by its size before a byte is read', async () => {
    const large = join(folder, 'large')
    writeFileSync(large, '')
    truncateSync(large, 2 ** 40) // sparse
    await expect(readWhole(large)).rejects.toMatchObject({ code: 'bad-input' })
    await expect(readWhole(path, 5)).rejects.toMatchObject({ code: 'bad-input' })
  })
  it.skipIf(process.platform === 'win32')(
    'is no pipe, device or folder: these could wait or go on without end',
    async () => {
      const pipe = join(folder, 'pipe')
      execFileSync('mkfifo', [pipe])
      const zero = join(folder, 'zero')
      symlinkSync('/dev/zero', zero)
      for (const odd of [pipe, zero, folder]) {
        await expect(readWhole(odd)).rejects.toMatchObject({ code: 'wrong-type' })
        await expect(ensureRegularFile(odd)).rejects.toMatchObject({ code: 'wrong-type' })
      }
      await expect(ensureRegularFile(join(folder, 'absent'))).rejects.toMatchObject({ code: 'not-found' })
    },
  )
})

// Truth: memory holds one line at a time, so a stream without line feeds must end somewhere.
it('ends a stream whose line has no end', async () => {
  const chunk = Buffer.alloc(1 << 20, 65)
  let given = 0
  const endless = new Readable({
    read() {
      given++
      this.push(chunk)
    },
  })
  const lines = byteLines(endless)
  await expect(lines.next()).rejects.toMatchObject({ code: 'bad-input' })
  expect(given).toBeLessThan(100)
})
