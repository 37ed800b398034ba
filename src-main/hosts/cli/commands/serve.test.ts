import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { createClient } from '../../../../src-shared/ipc/client.ts'
import { type SocketLike, socketWire } from '../../../../src-shared/ipc/socketWire.ts'
import { builtCli } from '../../../../test-support/built-cli.ts'

import { withoutNames } from './serve.ts'

// The command as a process of its own, from the sources: its first line, its exit codes, its end.
const root = resolve(import.meta.dirname, '../../../..')
let cli: Awaited<ReturnType<typeof builtCli>>
let folder: string
const running = new Set<ChildProcess>()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'diploscope-serve-'))
  cli = await builtCli()
})
afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
  running.clear()
})
afterAll(async () => {
  await cli?.remove()
  await rm(folder, { recursive: true, force: true, maxRetries: 10 })
})

interface Run {
  readonly child: ChildProcess
  readonly firstLine: Promise<string>
  readonly ended: Promise<{ readonly code: number | null; readonly stderr: string; readonly stdout: string }>
}

function serve(args: readonly string[], env: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, [cli.path, 'serve', ...args], {
    cwd: folder,
    env: { ...process.env, DIPLOSCOPE_DATA_DIR: join(folder, 'data'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let stdout = ''
  let stderr = ''
  child.stderr.on('data', d => {
    stderr += d
  })
  const firstLine = new Promise<string>((done, failed) => {
    child.stdout.on('data', d => {
      stdout += d
      if (stdout.includes('\n')) done(stdout.split('\n', 1)[0] ?? '')
    })
    child.on('exit', () => failed(new Error(`ended: ${stderr}`)))
  })
  firstLine.catch(() => undefined)
  const ended = new Promise<Awaited<Run['ended']>>(done => child.on('close', code => done({ code, stderr, stdout })))
  return { child, firstLine, ended }
}

async function enter(line: string) {
  const url = new URL((JSON.parse(line) as { url: string }).url)
  const answer = await fetch(url, { redirect: 'manual' })
  const cookie = answer.headers.get('set-cookie')?.split(';', 1)[0] ?? ''
  const socket = new WebSocket(`ws://${url.host}/ws`, { headers: { Cookie: cookie, Origin: url.origin } })
  await new Promise((done, failed) => {
    socket.once('open', done)
    socket.once('error', failed)
  })
  return { url, socket, client: createClient(socketWire(socket as unknown as SocketLike)) }
}

describe('the log', () => {
  it('names no file and no person', () => {
    expect(withoutNames("EIO: read '/home/ann/Bob Smith.bam' failed")).toBe("EIO: read '…' failed")
    expect(withoutNames('cannot read C:\\Users\\ann\\a.bam now')).toBe('cannot read … now')
    expect(withoutNames('ENOENT, open /data/ann.bam:3')).toBe('ENOENT, open …:3')
    expect(withoutNames('x is\n  undefined')).toBe('x is undefined')
  })
})

describe('diploscope serve', () => {
  it('says where it is in its first line, serves the demo, and ends with 0 when told, windows open or not', async () => {
    const run = serve([])
    const line = await run.firstLine
    expect(JSON.parse(line)).toEqual({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[A-Za-z0-9_-]{43}$/),
      pid: run.child.pid,
    })
    const { client, socket } = await enter(line)
    expect((await client.call('project.current', {})).document.demo).toBe(true)
    expect(await client.call('app.info', {})).toMatchObject({ host: 'headless', dialogs: 'browse' })
    const closed = new Promise<number>(done => socket.once('close', done))
    run.child.kill('SIGTERM')
    expect(await run.ended).toEqual({ code: 0, stderr: '', stdout: `${line}\n` })
    expect(await closed).toBe(1001)
  })

  it('keeps the session from one run to the next', async () => {
    const env = { DIPLOSCOPE_DATA_DIR: join(folder, 'kept') }
    const first = serve([], env)
    const one = await enter(await first.firstLine)
    const { document } = await one.client.call('project.current', {})
    await one.client.call('project.save', { document: { ...document, name: 'Kept' } })
    first.child.kill('SIGKILL')
    await first.ended
    const second = serve([], env)
    const two = await enter(await second.firstLine)
    expect((await two.client.call('project.current', {})).document.name).toBe('Kept')
  })

  it('opens the files and the project that it is given', async () => {
    const demo = join(root, 'assets', 'demo')
    const env = { DIPLOSCOPE_DATA_DIR: join(folder, 'given') }
    const run = serve([join(demo, 'synthetic-e3e4.bam'), '--project', join(demo, 'demo.diploscope.json')], env)
    const { client } = await enter(await run.firstLine)
    const { files, document } = await client.call('project.current', {})
    expect(files.map(f => f.name)).toContain('synthetic-e3e4.bam')
    expect(document.name).toContain('Demo')
  })

  it.each([
    ['an address that others can reach', ['--host', '0.0.0.0'], 2, '--i-know-this-is-not-private'],
    ['a port that is none', ['--port', '70000'], 2, '70000'],
    ['an option that it does not have', ['--prot', '1'], 2, 'prot'],
    ['a file that is not there', ['nothing.bam'], 3, 'nothing.bam'],
    ['a project that is not there', ['--project', 'nothing.json'], 3, 'nothing.json'],
  ])('refuses %s in one line', async (_what, args, code, named) => {
    const { code: exit, stderr, stdout } = await serve(args).ended
    expect(exit).toBe(code)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^diploscope: [a-z-]+: .+ - .+\n$/)
    expect(stderr).toContain(named)
  })

  it('refuses a port in use, and a data folder that is a file', async () => {
    const { port } = new URL(JSON.parse(await serve([]).firstLine).url)
    const second = await serve(['--port', port]).ended
    expect(second).toMatchObject({ code: 2, stderr: expect.stringContaining(`port ${port} is in use`) })
    await writeFile(join(folder, 'file'), '')
    const third = await serve([], { DIPLOSCOPE_DATA_DIR: join(folder, 'file') }).ended
    expect(third).toMatchObject({ code: 3, stderr: expect.stringContaining('not a folder') })
  })

  it('listens on another address only after a warning', async () => {
    const run = serve(['--host', '0.0.0.0', '--i-know-this-is-not-private'])
    const { client } = await enter(await run.firstLine)
    expect((await client.call('app.info', {})).host).toBe('headless')
    run.child.kill('SIGINT')
    const { code, stderr } = await run.ended
    expect(code).toBe(0)
    expect(stderr).toContain('Warning')
  })

  it('prints the URL where --open finds no browser', async () => {
    const run = serve(['--open'], { DIPLOSCOPE_BROWSER: '' })
    const { url } = JSON.parse(await run.firstLine) as { url: string }
    run.child.kill('SIGTERM')
    expect((await run.ended).stderr).toContain(`Open ${url}`)
  })

  it.skipIf(process.platform === 'win32')(
    'gives a browser a URL that works once, and closes it at the end',
    async () => {
      await mkdir(join(folder, 'bin'), { recursive: true })
      const seen = join(folder, 'seen')
      const browser = join(folder, 'bin', 'browser')
      await writeFile(browser, `#!/bin/sh\nfor a in "$@"; do echo "$a" >> ${seen}; done\nexec sleep 300\n`, {
        mode: 0o755,
      })
      const run = serve(['--open'], { DIPLOSCOPE_BROWSER: browser })
      const { url } = JSON.parse(await run.firstLine) as { url: string }
      const { readFile } = await import('node:fs/promises')
      let app: string | undefined
      while (!app) app = /--app=(.*)\n/.exec(await readFile(seen, 'utf8').catch(() => ''))?.[1]
      expect(app).not.toContain(new URL(url).searchParams.get('token'))
      expect((await fetch(app, { redirect: 'manual' })).status).toBe(303)
      expect((await fetch(app, { redirect: 'manual' })).status).toBe(401)
      run.child.kill('SIGTERM')
      expect((await run.ended).code).toBe(0)
    },
  )
})
