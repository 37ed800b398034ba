import { appendFile, open, rename, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { OpenedFile } from '../../../src-shared/genome/files.ts'
import { bamFacts, startTestHost, stubEngines, type TestHost } from './testHost.ts'

let host: TestHost
let file: OpenedFile
const BYTES = Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 251))

beforeEach(async () => {
  host = await startTestHost({
    engines: stubEngines({
      probe: async () => ({ ...bamFacts(1000, 0), index: 'ok', indexName: 'a.bam.bai' }),
      sequence: async () => 'A',
    }),
  })
  await writeFile(join(host.folder, 'a.bam'), BYTES)
  await writeFile(join(host.folder, 'a.bam.bai'), 'index')
  const [opened] = await host.services.openPaths([join(host.folder, 'a.bam')])
  if (!opened) throw new Error('not opened')
  file = opened
})
afterEach(() => host.stop())

const range = (value: string, method = 'GET') => host.get(file.dataUrl, { Range: value }, method)

describe('/data/<id>', () => {
  it('gives the whole file with its length', async () => {
    const answer = await host.get(file.dataUrl)
    expect(answer.status).toBe(200)
    expect(answer.body).toEqual(BYTES)
    expect(answer.headers).toMatchObject({
      'content-length': '1000',
      'accept-ranges': 'bytes',
      'content-type': 'application/octet-stream',
      'cache-control': 'no-store',
    })
  })

  it('gives the bytes that are asked for: a slice of the file is the truth', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(999), fc.nat(999), async (a, b) => {
        const [first, last] = a < b ? [a, b] : [b, a]
        const answer = await range(`bytes=${first}-${last}`)
        expect(answer.status).toBe(206)
        expect(answer.headers['content-range']).toBe(`bytes ${first}-${last}/1000`)
        expect(answer.headers['content-length']).toBe(String(last - first + 1))
        expect(answer.body).toEqual(BYTES.subarray(first, last + 1))
      }),
      { numRuns: 40 },
    )
  })

  it.each([
    ['bytes=990-', 206, 'bytes 990-999/1000', 10],
    ['bytes=-10', 206, 'bytes 990-999/1000', 10],
    ['bytes=990-5000', 206, 'bytes 990-999/1000', 10],
    ['bytes=1000-', 416, 'bytes */1000', 0],
    ['bytes=-0', 416, 'bytes */1000', 0],
    ['bytes=0-1,5-6', 200, undefined, 1000],
    ['bytes=5-4', 200, undefined, 1000],
  ])('%s is %d', async (value, status, contentRange, length) => {
    const answer = await range(value)
    expect(answer.status).toBe(status)
    expect(answer.headers['content-range']).toBe(contentRange)
    expect(answer.body).toHaveLength(length)
  })

  it('answers HEAD with the headers alone', async () => {
    const answer = await host.get(file.dataUrl, {}, 'HEAD')
    expect(answer).toMatchObject({ status: 200, headers: { 'content-length': '1000' } })
    expect(answer.body).toHaveLength(0)
    expect(await range('bytes=0-9', 'HEAD')).toMatchObject({ status: 206, headers: { 'content-length': '10' } })
  })

  it('gives a part only of the version that If-Range names', async () => {
    const { etag = '' } = (await host.get(file.dataUrl)).headers
    expect((await host.get(file.dataUrl, { Range: 'bytes=0-9', 'If-Range': etag })).status).toBe(206)
    expect((await host.get(file.dataUrl, { Range: 'bytes=0-9', 'If-Range': '"other"' })).status).toBe(200)
  })

  it('gives the index beside it, and nothing else of the folder', async () => {
    expect((await host.get(`${file.dataUrl}.index`)).body.toString()).toBe('index')
    expect((await host.get(`${file.dataUrl}.gzi`)).status).toBe(404)
    expect((await host.get(`${file.dataUrl}.bai`)).status).toBe(404)
    expect((await host.get('/data/nothing')).status).toBe(404)
  })

  it.each([
    ['grew', () => appendFile(join(host.folder, 'a.bam'), 'x')],
    ['was replaced', async () => {
      await writeFile(join(host.folder, 'b'), BYTES)
      await rename(join(host.folder, 'b'), join(host.folder, 'a.bam'))
    }], // biome-ignore format: one case a line
    ['vanished', () => rm(join(host.folder, 'a.bam'))],
    ['has another index', () => writeFile(join(host.folder, 'a.bam.bai'), 'other index')],
  ])('is 409 when the file %s, and the window is told', async (_how, change) => {
    const { client } = await host.client()
    const told = new Promise<OpenedFile>(done => client.on('files.changed', done))
    await change()
    const answer = await range('bytes=0-9')
    expect(answer.status).toBe(409)
    expect(JSON.parse(answer.body.toString())).toMatchObject({ code: 'changed' })
    expect(answer.body.toString()).not.toContain('    at ')
    expect((await told).problem?.code).toBe('changed')
  })

  it('ends short, and never whole, when the file changes while it is sent', async () => {
    const big = join(host.folder, 'big.bam')
    const handle = await open(big, 'w')
    await handle.truncate(64 * 1024 * 1024)
    const [opened] = await host.services.openPaths([big])
    // A peer that reads slowly: the server stops in the middle of the file until it is read.
    const socket = connect(host.port, '127.0.0.1')
    let received = 0
    const begun = new Promise<void>(done =>
      socket.once('data', d => {
        received += d.length
        socket.pause()
        done()
      }),
    )
    socket.write(`GET ${opened?.dataUrl} HTTP/1.1\r\nHost: 127.0.0.1:${host.port}\r\nCookie: ${host.cookie}\r\n\r\n`)
    await begun
    await handle.write(Buffer.from('changed'), 0, 7, 0)
    await handle.close()
    socket.on('data', d => {
      received += d.length
    })
    const ended = new Promise(done => socket.once('close', done))
    socket.on('error', () => {})
    socket.resume()
    await ended
    expect(received).toBeLessThan(64 * 1024 * 1024)
  })
})

describe('the built page', () => {
  it('is the index at /, fresh each time, and hashed files for good', async () => {
    const page = await host.get('/')
    expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' } }) // biome-ignore format: one line
    const script = await host.get('/assets/main-abcd1234.js')
    expect(script.headers['content-type']).toBe('text/javascript; charset=utf-8')
    expect(script.headers['cache-control']).toBe('private, max-age=31536000, immutable')
    const again = await host.get('/', { 'If-None-Match': page.headers['etag'] ?? '' })
    expect(again.status).toBe(304)
    expect((await host.get('/', {}, 'HEAD')).headers['content-length']).toBe(String(page.body.length))
  })
  it('is a fixed list: what comes later is not served', async () => {
    await host.get('/')
    await writeFile(join(host.folder, 'renderer', 'later.js'), '')
    expect((await host.get('/later.js')).status).toBe(404)
  })
})

describe('/download/<id>', () => {
  it('is given once, as an attachment under its name; HEAD does not use it up', async () => {
    const { client } = await host.client()
    const { downloadId, name, sizeBytes } = await client.call('project.export', {})
    expect(name).toBe('New project.diploscope.json')
    expect((await host.get(`/download/${downloadId}`, {}, 'HEAD')).status).toBe(200)
    const answer = await host.get(`/download/${downloadId}`)
    expect(answer.status).toBe(200)
    expect(answer.body).toHaveLength(sizeBytes)
    expect(answer.headers['content-disposition']).toContain('attachment; filename="New project.diploscope.json"')
    expect((await host.get(`/download/${downloadId}`)).status).toBe(404)
  })
})

describe('PUT /upload/<name>', () => {
  const put = (path: string, body: string, headers: Record<string, string> = {}) =>
    host.raw(
      `PUT ${path} HTTP/1.1\r\nHost: 127.0.0.1:${host.port}\r\nOrigin: http://127.0.0.1:${host.port}\r\nCookie: ${host.cookie}\r\n` +
        `${Object.entries({ 'Content-Length': String(body.length), ...headers })
          .map(([n, v]) => `${n}: ${v}\r\n`)
          .join('')}\r\n${body}`,
    )
  it('takes a dropped file with its index, opens it by its entry, and knows the index', async () => {
    const bam = JSON.parse((await put('/upload/a.bam', 'reads')).body.toString())
    const bai = JSON.parse((await put(`/upload/a.bam.bai?batch=${bam.batch}`, 'index')).body.toString())
    expect(bai.batch).toBe(bam.batch)
    const { client } = await host.client()
    const [opened] = await client.call('files.open', { entryIds: [bam.entryId, bai.entryId] })
    expect(opened?.name).toBe('a.bam')
    expect((await host.get(opened?.dataUrl ?? '')).body.toString()).toBe('reads')
    expect((await host.get(opened?.indexUrl ?? '')).body.toString()).toBe('index')
  })
  it.each(['/upload/', '/upload/a/b.bam', '/data/x', '/', '/upload/%2e%2e%2fa.bam', '/upload/..%5ca.bam'])(
    '%s is refused',
    async path => {
      const { status } = await put(path, 'x')
      expect(status).toBeGreaterThanOrEqual(400)
      expect(status).toBeLessThan(500)
    },
  )
  it('that is too large is refused before it is read', async () => {
    expect((await put('/upload/a.bam', 'x', { 'Content-Length': String(2 ** 40) })).status).toBe(413)
  })
})
