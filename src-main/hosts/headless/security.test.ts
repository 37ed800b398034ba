import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { contentSecurityPolicy } from '../../services/content.ts'
import { allowedHosts, cookieValues, isLoopback, newToken, sameSecret } from './access.ts'
import { startTestHost, stubEngines, type TestHost } from './testHost.ts'

// Each point of the rules for the local server, asked as a stranger would: raw bytes on a socket.
let host: TestHost
beforeAll(async () => {
  host = await startTestHost({ engines: stubEngines() })
})
afterAll(() => host.stop())

const own = () => `127.0.0.1:${host.port}`
const stranger = (path: string, headers = '') => host.raw(`GET ${path} HTTP/1.1\r\nHost: ${own()}\r\n${headers}\r\n`)

describe('the start URL', () => {
  it('holds 32 random bytes, another each time', () => {
    const token = new URL(host.headless.url).searchParams.get('token') ?? ''
    expect(Buffer.from(token, 'base64url')).toHaveLength(32)
    expect(newToken()).not.toBe(newToken())
  })
  it('becomes a cookie of the server alone and a redirect without the token', async () => {
    const { pathname, search } = new URL(host.headless.url)
    const answer = await stranger(pathname + search)
    expect(answer.status).toBe(303)
    expect(answer.headers['location']).toBe('/')
    expect(answer.headers['set-cookie']).toMatch(
      new RegExp(`^diploscope-${host.port}=[A-Za-z0-9_-]{43}; HttpOnly; SameSite=Strict; Path=/$`),
    )
    expect(answer.headers['set-cookie']).not.toContain(search.slice('?token='.length))
    expect(answer.headers['cache-control']).toBe('no-store')
  })
  it('moves on by the page itself after a link from elsewhere, where a redirect would go without the cookie', async () => {
    const { pathname, search } = new URL(host.headless.url)
    const answer = await stranger(pathname + search, 'Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n')
    expect(answer.status).toBe(200)
    expect(answer.headers['set-cookie']).toContain('HttpOnly')
    expect(answer.body.toString()).toContain('content="0;url=/"')
    expect(answer.body.toString()).not.toContain('token')
  })
  it('for a command line works once', async () => {
    const { search } = new URL(host.headless.launchUrl())
    expect((await stranger(`/${search}`)).status).toBe(303)
    expect((await stranger(`/${search}`)).status).toBe(401)
  })
})

describe('without the cookie', () => {
  it.each([
    '/',
    '/index.html',
    '/assets/main-abcd1234.js',
    '/data/x',
    '/download/x',
    '/upload/x',
    '/ws',
    '/nothing',
    '/../x',
  ])('%s is 401', async path => {
    const answer = await stranger(path)
    expect(answer.status).toBe(401)
    expect(answer.body.toString()).not.toContain('page')
  })
  it.each([
    ['a wrong token', () => `/?token=${'x'.repeat(43)}`],
    ['an empty one', () => '/?token='],
    ['a token cut short', () => `/${new URL(host.headless.url).search.slice(0, -1)}`],
    ['the right token on another page', () => `/index.html${new URL(host.headless.url).search}`],
  ])('%s is 401', async (_name, path) => {
    expect((await stranger(path())).status).toBe(401)
  })
  it.each([
    ['a wrong value', () => `diploscope-${host.port}=${'x'.repeat(43)}`],
    ['the token itself', () => `diploscope-${host.port}=${new URL(host.headless.url).searchParams.get('token')}`],
    ['another name', () => host.cookie.replace(/^[^=]+/, 'diploscope-1')],
  ])('a cookie with %s is 401', async (_name, cookie) => {
    expect((await stranger('/', `Cookie: ${cookie()}\r\n`)).status).toBe(401)
  })
})

describe('Host', () => {
  it.each(['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example', '127.0.0.2', '[::1]'])(
    '%s is 421, with the cookie too',
    async name => {
      expect((await host.get('/', { Host: `${name}:${host.port}` })).status).toBe(421)
      const { search } = new URL(host.headless.url)
      expect((await host.get(`/${search}`, { Host: `${name}:${host.port}` })).status).toBe(421)
    },
  )
  it('without our port, twice, or not at all is refused', async () => {
    expect((await host.get('/', { Host: '127.0.0.1' })).status).toBe(421)
    expect((await host.get('/', { Host: `127.0.0.1:${host.port + 1}` })).status).toBe(421)
    const cookie = `Cookie: ${host.cookie}\r\n`
    const twice = await host.raw(`GET / HTTP/1.1\r\nHost: ${own()}\r\nHost: ${own()}\r\n${cookie}\r\n`)
    expect([400, 421]).toContain(twice.status)
    expect([400, 421]).toContain((await host.raw(`GET / HTTP/1.1\r\n${cookie}\r\n`)).status)
    expect((await host.raw(`GET / HTTP/1.0\r\n${cookie}\r\n`)).status).toBe(421)
  })
  it('localhost is ours too, and its page may open its own WebSocket only', async () => {
    const answer = await host.get('/', { Host: `localhost:${host.port}` })
    expect(answer.status).toBe(200)
    expect(answer.headers['content-security-policy']).toContain(`ws://localhost:${host.port};`)
  })
})

describe('Origin', () => {
  const put = (headers: Record<string, string>) =>
    host.get('/upload/a.bed', { 'Content-Length': '0', ...headers }, 'PUT')
  it.each(['http://evil.example', 'null', 'https://127.0.0.1', ''])('%s may not PUT', async origin => {
    expect((await put({ Origin: origin })).status).toBe(403)
  })
  it('absent may not PUT either; ours may', async () => {
    expect((await put({})).status).toBe(403)
    expect((await put({ Origin: `http://${own()}` })).status).toBe(201)
  })
  it('of a page elsewhere that embeds us is told by the browser and refused', async () => {
    expect((await host.get('/assets/main-abcd1234.js', { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' })).status).toBe(403) // biome-ignore format: one line
  })
  it.each(['POST', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'])('%s is not for us even so', async method => {
    const status = (await host.get('/', { Origin: `http://${own()}`, 'Content-Length': '0' }, method)).status
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
  })
})

describe('the WebSocket', () => {
  const upgrade = (path: string, headers: Record<string, string>) =>
    host.get(path, {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      Origin: `http://${own()}`,
      ...headers,
    })
  it('opens for our page', async () => expect((await upgrade('/ws', {})).status).toBe(101))
  it.each(['http://evil.example', 'null', 'http://127.0.0.1.evil.example', 'file://'])(
    'refuses Origin %s',
    async origin => {
      expect((await upgrade('/ws', { Origin: origin })).status).toBe(403)
    },
  )
  it('refuses without Origin, without the cookie, on a foreign Host, anywhere else, across sites', async () => {
    const bare = await host.raw(
      `GET /ws HTTP/1.1\r\nHost: ${own()}\r\nCookie: ${host.cookie}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    )
    expect(bare.status).toBe(403)
    expect((await upgrade('/ws', { Cookie: 'x=y' })).status).toBe(401)
    const evil = `evil.example:${host.port}`
    expect((await upgrade('/ws', { Host: evil, Origin: `http://${evil}` })).status).toBe(421)
    expect((await upgrade('/', {})).status).toBe(404)
    expect((await upgrade('/ws', { 'Sec-Fetch-Site': 'cross-site' })).status).toBe(403)
  })
  it('ends a connection that sends text, or what is not a frame, or more than the limit', async () => {
    const closed = async (message: string | Uint8Array) => {
      const { socket } = await host.client()
      const code = new Promise<number>(done => socket.once('close', done))
      socket.send(message)
      return code
    }
    expect(await closed('hello')).toBe(1002)
    expect(await closed(new Uint8Array(100))).toBe(1002)
    const { socket } = await host.client()
    const code = new Promise<number>(done => socket.once('close', done))
    socket.on('error', () => {})
    socket.send(new Uint8Array(64 * 1024 * 1024 + 1))
    expect([1009, 1006]).toContain(await code)
  })
  it('lets a second window in with the same cookie, and the first again after a loss', async () => {
    const a = await host.client()
    const b = await host.client()
    expect((await a.client.call('app.info', {})).version).toBe('1.2.3')
    a.socket.terminate()
    expect((await b.client.call('app.info', {})).version).toBe('1.2.3')
    const again = await host.client()
    expect((await again.client.call('app.info', {})).version).toBe('1.2.3')
  })
})

describe('paths', () => {
  it.each([
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/%2e%2e%2fsecret.txt',
    '/..%5csecret.txt',
    '/..\\secret.txt',
    '/%252e%252e/secret.txt',
    '/assets/%2e%2e/%2e%2e/secret.txt',
    '//secret.txt',
    '//127.0.0.1/secret.txt',
    '/....//secret.txt',
    '/secret.txt%00.js',
    '/./secret.txt',
    '/data/..%2f..%2fsecret.txt',
    '/%ff%fe',
  ])('%s is 403', async path => {
    const answer = await host.get(path)
    expect(answer.status).toBe(403)
    expect(answer.body.toString()).not.toContain('secret')
  })
  it.each(['/file:/etc/passwd', '/@fs/etc/passwd', '/secret.txt', '/data/nothing', '/assets/', '/data/%2Fetc'])(
    '%s is nothing',
    async path => {
      expect([403, 404]).toContain((await host.get(path)).status)
    },
  )
  it('an address of another server as the target is refused', async () => {
    expect((await host.get('http://evil.example/')).status).toBe(403)
  })
})

describe('every answer', () => {
  it.each([
    ['the page', () => host.get('/')],
    ['an asset', () => host.get('/assets/main-abcd1234.js')],
    ['a refusal', () => stranger('/')],
    ['a traversal', () => host.get('/../x')],
    ['what is not there', () => host.get('/nothing')],
  ])('%s carries the policy and its companions', async (_name, ask) => {
    const { headers } = await ask()
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['referrer-policy']).toBe('no-referrer')
    expect(headers['cross-origin-resource-policy']).toBe('same-origin')
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; /)
    expect(headers['access-control-allow-origin']).toBeUndefined()
    expect(headers['x-powered-by']).toBeUndefined()
  })
  it('narrows the policy to the port, word for word', async () => {
    expect((await host.get('/')).headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
        `font-src 'self' data:; connect-src 'self' ws://127.0.0.1:${host.port}; worker-src 'self' blob:; base-uri 'none'; ` +
        "form-action 'none'; frame-ancestors 'none'; object-src 'none'",
    )
    expect(contentSecurityPolicy()).not.toContain('ws:')
  })
})

describe('a slow or broken peer', () => {
  it('that sends half a request line is answered or cut off, and harms nobody', async () => {
    const slow = connect(host.port, '127.0.0.1', () => slow.write('GET / HT'))
    slow.on('error', () => {})
    const garbage = await host.raw('\x16\x03\x01\x02\x00garbage\r\n\r\n')
    expect(garbage.status).toBe(400)
    expect((await host.get('/')).status).toBe(200)
    slow.destroy()
  })
  it('that sends endless headers is refused', async () => {
    expect((await host.get('/', { 'X-Long': 'a'.repeat(20_000) })).status).toBe(400)
  })
  it('that asks to upgrade to something else is refused', async () => {
    const answer = await host.get('/ws', { Connection: 'Upgrade', Upgrade: 'h2c', Origin: `http://${own()}` })
    expect(answer.status).toBeGreaterThanOrEqual(400)
  })
})

describe('the parts of access', () => {
  it('compares secrets of any length', () => {
    expect(sameSecret('a', 'a')).toBe(true)
    expect(sameSecret('', 'a')).toBe(false)
    expect(sameSecret('aaaa', 'a')).toBe(false)
  })
  it('reads every cookie of a name', () => {
    expect(cookieValues('a=1; b=2; a=3=4', 'a')).toEqual(['1', '3=4'])
    expect(cookieValues(undefined, 'a')).toEqual([])
  })
  it('answers to the names of its own address', () => {
    expect(allowedHosts('127.0.0.1', 8080)).toEqual(new Set(['127.0.0.1:8080', 'localhost:8080']))
    expect(allowedHosts('192.0.2.7', 8080)).toContain('192.0.2.7:8080')
    expect(allowedHosts('127.0.0.1', 80)).toContain('localhost')
    expect(['127.0.0.1', 'localhost', '::1', '127.9.9.9'].every(isLoopback)).toBe(true)
    expect(['0.0.0.0', '192.168.1.2', 'example.org', '127.0.0.1.example.org'].some(isLoopback)).toBe(false)
  })
  it('does not let the log see a person or a path', () => expect(host.faults).toEqual([]))
  it('closes its sockets', async () => {
    const other = await startTestHost({ engines: stubEngines() })
    const { socket } = await other.client()
    const closed = new Promise<number>(done => socket.once('close', done))
    expect(socket.readyState).toBe(WebSocket.OPEN)
    await other.stop()
    expect([1001, 1006]).toContain(await closed)
  })
})
