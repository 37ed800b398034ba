import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { COMMON_OPTIONS } from '../src-main/hosts/cli/arguments.ts'
import type { CliCommand } from '../src-main/hosts/cli/command.ts'
import { root } from './fresh.mjs'

const markdown = (folder: string): string[] => readdirSync(join(root, folder)).filter(n => n.endsWith('.md')).map(n => join(folder, n)) // biome-ignore format: one line
const DOCS = [...markdown('.'), ...markdown('docs'), ...markdown('docs/adr'), ...markdown('src-main/graph'), ...markdown('src-main/models'), ...markdown('src-main/compute')] // biome-ignore format: one line
const text = (path: string) => readFileSync(join(root, path), 'utf8')

/** `a/{b,c}.ts` as its names. */
function spelledOut(path: string): string[] {
  const found = /^(.*?)\{(.*?)\}(.*)$/.exec(path)
  return found ? found[2]!.split(',').flatMap(part => spelledOut(`${found[1]}${part}${found[3]}`)) : [path]
}

/** Whether a path with stars in its last part names something. */
function isThere(path: string): boolean {
  if (!path.includes('*')) return existsSync(join(root, path))
  const pattern = new RegExp(`^${basename(path).split('*').map(part => part.replaceAll('.', '\\.')).join('.*')}$`) // biome-ignore format: one line
  return existsSync(join(root, dirname(path))) && readdirSync(join(root, dirname(path))).some(n => pattern.test(n))
}

// Truth: the files of the repository.
describe('documents', () => {
  it.each(DOCS)('%s: links lead somewhere', path => {
    const links = [...text(path).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(m => m[1]!).filter(l => !/^\w+:/.test(l))
    expect(links.filter(l => !existsSync(resolve(root, dirname(path), l)))).toEqual([])
  })
  it.each(DOCS)('%s: files that are named from the root exist', path => {
    const named = [...text(path).matchAll(/`((?:src-\w+|scripts|docs|assets|bench|bin|e2e|test-support|test-data)\/[\w./*{},-]*)`/g)].map(m => m[1]!) // biome-ignore format: one line
    const placeholder = /\bNAME\.|\/name\.(test\.)?ts$/
    expect(named.filter(n => !placeholder.test(n)).flatMap(spelledOut).filter(n => !isThere(n))).toEqual([]) // biome-ignore format: one line
  })
})

const folder = join(root, 'src-main/hosts/cli/commands')
const commands = new Map(
  await Promise.all(
    readdirSync(folder)
      .filter(n => !n.endsWith('.test.ts') && n !== 'modelsFactorise.ts')
      .map(async n => {
        const { command } = (await import(join(folder, n))) as { readonly command: CliCommand }
        return [command.name, command] as const
      }),
  ),
)
const OWN = ['--help', '--version', 'help']

/** Lines of code blocks that call the program, without what only stands for something. */
const calls = DOCS.flatMap(path =>
  [...text(path).matchAll(/```[^\n]*\n([\s\S]*?)```/g)].flatMap(block =>
    block[1]!.split('\n').flatMap(line => {
      const call = /^(?:node bin\/diploscope\.mjs|diploscope)\s+(.*?)(?:\s{2,}#.*)?$/.exec(line.trim())
      return call ? [{ path, call: call[1]! }] : []
    }),
  ),
)
/** `diploscope apoe --json` within a sentence. */
const mentions = DOCS.flatMap(path => [...text(path).matchAll(/`(?:node bin\/diploscope\.mjs|diploscope) ([a-z][^`]*)`/g)].map(m => ({ path, call: m[1]! }))) // biome-ignore format: one line

// Truth: what the commands declare.
describe('command lines in documents', () => {
  it('are found', () => expect(calls.length).toBeGreaterThan(20))
  it.each([...calls, ...mentions])('$path: $call', ({ call }) => {
    const [name = '', ...words] = call.split(/\s+/)
    if (OWN.includes(name)) return
    const command = commands.get(name)
    expect(command?.name).toBe(name)
    const known = { ...COMMON_OPTIONS, ...command?.options }
    const asked = words.flatMap(w => /^\[?--([a-z-]+)/.exec(w)?.[1] ?? [])
    expect(asked.filter(o => !Object.hasOwn(known, o))).toEqual([])
  })
  it('benchmarks that documents name exist', () => {
    const named = DOCS.flatMap(path => [...text(path).matchAll(/npm run bench ([a-z][\w-]*)/g)].map(m => m[1]!))
    expect(named.filter(n => !existsSync(join(root, 'bench', `${n}.bench.ts`)))).toEqual([])
  })
  it('recipes that documents name exist', () => {
    const named = DOCS.flatMap(path => [...text(path).matchAll(/--recipe (lab-[\w-]+|assets\/recipes\/[\w-]+)(?![\w*-])/g)].map(m => basename(m[1]!)).filter(n => !n.endsWith('-'))) // biome-ignore format: one line
    expect(named.filter(n => !existsSync(join(root, 'assets/recipes', `${n}.json`)))).toEqual([])
  })
})

// Truth: the table of a command is what `--help` prints from; every one says what it is for in a sentence.
describe('help', () => {
  it.each([...commands.values()])('$name', ({ summary, usage, options }) => {
    expect(summary).toMatch(/^[A-Z].*\.$/s)
    const used = [...usage.matchAll(/--([a-z-]+)/g)].map(m => m[1]!)
    expect(used.filter(o => !Object.hasOwn({ ...COMMON_OPTIONS, ...options }, o))).toEqual([])
    for (const { help } of Object.values(options)) expect(help.length).toBeGreaterThan(3)
  })
})
