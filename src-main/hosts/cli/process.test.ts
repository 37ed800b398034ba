import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, fstatSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { quietContext } from '../../../src-shared/job.ts'
import { writeBam } from '../../readers/bamWriter.ts'
import { buildIndex } from '../../readers/indexBuilder.ts'

const root = resolve(import.meta.dirname, '../../..')
const folder = mkdtempSync(join(tmpdir(), 'diploscope-process-'))
const bam = join(folder, 'empty.bam')
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }))

beforeAll(async () => {
  // The first call builds what is stale.
  execFileSync(process.execPath, [join(root, 'bin/diploscope.mjs'), '--version'])
  writeFileSync(bam, writeBam({ contigs: [{ name: 'chr1', length: 500_000_000 }], records: [] }))
  await buildIndex(bam, {}, quietContext())
})

/** What is stale was built by the first call. */
const built = { ...process.env, DIPLOSCOPE_NO_BUILD: '1' }

const start = (args: readonly string[], stdout: number | 'pipe') =>
  spawn(process.execPath, [join(root, 'bin/diploscope.mjs'), ...args], { stdio: ['ignore', stdout, 'pipe'] })

/** Sends SIGINT once the answer has begun and says how the process ended; a process that does not end within a minute is killed. */
async function interrupted(child: ReturnType<typeof start>, begun: () => Promise<unknown>) {
  let errors = ''
  child.stderr?.on('data', text => {
    errors += text
  })
  const exit = once(child, 'exit')
  await begun()
  child.kill('SIGINT')
  const killer = setTimeout(() => child.kill('SIGKILL'), 60_000)
  const [code, signal] = await exit
  clearTimeout(killer)
  return { code, signal, errors }
}

// Truth: how the operating system says that the process ended. 500 million positions take minutes.
describe.skipIf(process.platform === 'win32')('SIGINT in the middle of a long answer', () => {
  const args = ['diplotype', bam, '--region', 'chr1', '--format', 'tsv', '--quiet']
  const cancelled = { code: 4, signal: null, errors: expect.stringMatching(/^diploscope: cancelled: .+ - .+\n$/) }

  it('ends it with exit code 4 where stdout is a file, to which writing never waits', async () => {
    const out = openSync(join(folder, 'out.tsv'), 'w')
    try {
      const begun = () => expect.poll(() => fstatSync(out).size).toBeGreaterThan(0)
      expect(await interrupted(start(args, out), begun)).toEqual(cancelled)
    } finally {
      closeSync(out)
      rmSync(join(folder, 'out.tsv'))
    }
  })

  it('ends it where nobody reads the pipe', async () => {
    const child = start(args, 'pipe')
    // What is there is heard of and not taken.
    expect(await interrupted(child, () => once(child.stdout!, 'readable'))).toEqual(cancelled)
  })
})

// Truth: the same command without --out.
it.skipIf(process.platform === 'win32')('takes /dev/stdout for stdout, also where that is a pipe', () => {
  const run = (...args: string[]) => execFileSync(process.execPath, [join(root, 'bin/diploscope.mjs'), 'diplotype', bam, '--region', 'chr1:1-9', '--quiet', ...args], { encoding: 'utf8' }) // biome-ignore format: one line
  expect(run('--out', '/dev/stdout')).toBe(run())
  expect(run()).toBe('NNNNNNNNN\n')
})

// Truth: the contract of the command line: one line on stderr, nothing on stdout, exit code 2 or 3, and nothing that commands a terminal.
describe.skipIf(process.platform === 'win32')('a refusal', () => {
  const refused = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'bin/diploscope.mjs'), ...args], { encoding: 'utf8', env: built }) // biome-ignore format: one line
    return { status, stdout, stderr }
  }
  it.each([
    [['pilup'], 2, "diploscope: wrong-usage: 'pilup' is not a command - did you mean 'pileup'? See 'diploscope --help'\n"],
    [['pileup', bam, '--min-base-qualiti', '3'], 2, "diploscope: wrong-usage: Unknown option '--min-base-qualiti' - did you mean '--min-base-quality'? See 'diploscope pileup --help'\n"],
    [['apoe', bam, '--build', 'grch37'], 2, "diploscope: wrong-usage: --build is 'grch37', not one of auto, GRCh37, GRCh38 - did you mean 'GRCh37'? See 'diploscope apoe --help'\n"],
    [['apoe', '/nowhere/\x1b[31m\nred.bam'], 3, "diploscope: not-found: '/nowhere/\ufffd[31m red.bam' does not exist - check the path\n"],
  ] as const)('%j', (args, status, stderr) => expect(refused(...args)).toEqual({ status, stdout: '', stderr })) // biome-ignore format: a table

  it('of a symbolic link in a circle', () => {
    symlinkSync(join(folder, 'circle.bam'), join(folder, 'circle.bam'))
    expect(refused('apoe', join(folder, 'circle.bam'))).toMatchObject({ status: 3, stdout: '', stderr: expect.stringMatching(/^diploscope: not-found: .+ in a circle - .+\n$/) }) // biome-ignore format: one line
  })
})

// Truth: the kernel's device that is always full.
it.skipIf(process.platform !== 'linux')('says that stdout is full, also of a short text', () => {
  const full = openSync('/dev/full', 'w')
  try {
    const { status, stderr } = spawnSync(process.execPath, [join(root, 'bin/diploscope.mjs'), '--help'], { stdio: ['ignore', full, 'pipe'], encoding: 'utf8', env: built }) // biome-ignore format: one line
    expect({ status, stderr }).toEqual({ status: 3, stderr: expect.stringMatching(/^diploscope: no-space: .+ - .+\n$/) }) // biome-ignore format: one line
  } finally {
    closeSync(full)
  }
})

// Truth: the same text by the other way of asking.
it('tells the help of a command both ways', () => {
  const asked = (...args: string[]) => execFileSync(process.execPath, [join(root, 'bin/diploscope.mjs'), ...args], { encoding: 'utf8', env: built }) // biome-ignore format: one line
  expect(asked('help', 'pileup')).toBe(asked('pileup', '--help'))
})
