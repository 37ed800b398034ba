import { readFileSync } from 'node:fs'
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asWorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { findBrowser } from './browsers.ts'
import { chromiumPrinter } from './printPdf.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'diploscope-print-test-'))
})
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }))

const quiet = () => new AbortController().signal
const leftovers = async () => (await readdir(tmpdir())).filter(n => n.startsWith('diploscope-pdf-'))
const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    error => asWorkbenchError(error),
  )
/** A program in place of a browser. */
async function pretend(name: string, script: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
  return path
}
/** Runs still: one that has ended and only waits to be collected does not. */
const alive = (pid: number) => {
  try {
    process.kill(pid, 0)
    return process.platform !== 'linux' || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

describe('printing a report', () => {
  it.skipIf(!findBrowser())('makes a PDF of the document, asks nobody for anything and leaves nothing', async () => {
    let asked = 0
    const server = createServer((_request, response) => {
      asked++
      response.end()
    })
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
    const { port } = server.address() as AddressInfo
    const html = `<!doctype html><title>Report</title><h1>e3/e4</h1><img src="http://127.0.0.1:${port}/x.png"><link rel="stylesheet" href="http://localhost:${port}/x.css">`
    const pdf = await chromiumPrinter()(html, quiet())
    server.close()
    expect(Buffer.from(pdf.subarray(0, 5)).toString()).toBe('%PDF-')
    expect(Buffer.from(pdf).toString('latin1').trimEnd().endsWith('%%EOF')).toBe(true)
    expect(asked).toBe(0)
    expect(await leftovers()).toEqual([])
  })

  it('without a browser says what else can be done', async () => {
    const e = await failureOf(chromiumPrinter(() => undefined)('<p>', quiet()))
    expect(e).toMatchObject({ code: 'engine-missing', remedy: expect.stringContaining('export HTML') })
  })

  it.skipIf(process.platform === 'win32')('with a browser that fails says why', async () => {
    const failing = await pretend('failing', 'echo "no display" >&2; exit 3')
    expect((await failureOf(chromiumPrinter(() => failing)('<p>', quiet())))?.message).toContain('no display')
    const silent = await pretend('silent', 'exit 0')
    expect((await failureOf(chromiumPrinter(() => silent)('<p>', quiet())))?.message).toContain('made no PDF')
    const absent = chromiumPrinter(() => join(folder, 'absent'))('<p>', quiet())
    expect((await failureOf(absent))?.code).toBe('engine-missing')
    expect(await leftovers()).toEqual([])
  })

  it.skipIf(process.platform === 'win32')(
    'ends a browser that hangs, with its children, in time or when cancelled',
    async () => {
      const pids = join(folder, 'pids')
      const hanging = await pretend('hanging', `sleep 300 & echo $! $$ > ${pids}; wait`)
      const started = async () => {
        for (;;) {
          const text = await readFile(pids, 'utf8').catch(() => '')
          if (text.trim()) return text.trim().split(' ').map(Number)
          await new Promise(done => setTimeout(done, 5))
        }
      }
      const slow = chromiumPrinter(() => hanging, 300)('<p>', quiet())
      expect((await failureOf(slow))?.message).toContain('over 0.3 s')
      const first = await started()
      await rm(pids)
      const stop = new AbortController()
      const cancelled = failureOf(chromiumPrinter(() => hanging)('<p>', stop.signal))
      const second = await started()
      stop.abort()
      expect((await cancelled)?.code).toBe('cancelled')
      while ([...first, ...second].some(alive)) await new Promise(done => setTimeout(done, 5))
      expect(await leftovers()).toEqual([])
    },
  )
})

describe('finding a browser', () => {
  it.skipIf(process.platform === 'win32')('takes the one that is named, else the first on the path', async () => {
    const chromium = await pretend('chromium', '')
    const PATH = ['/nowhere', folder].join(delimiter)
    expect(findBrowser({ PATH }, 'linux')).toBe(chromium)
    expect(findBrowser({ PATH: '/nowhere' }, 'linux')).toBeUndefined()
    expect(findBrowser({ PATH, DIPLOSCOPE_BROWSER: '/no/such' }, 'linux')).toBeUndefined()
    expect(findBrowser({ PATH: '', DIPLOSCOPE_BROWSER: chromium }, 'linux')).toBe(chromium)
  })
})
