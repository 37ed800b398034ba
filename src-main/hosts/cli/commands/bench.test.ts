import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { LabRecipe } from '../../../../src-shared/ipc/labMethods.ts'
import type { LabResult } from '../../../../src-shared/lab/result.ts'
import { runCommand } from '../../../../test-support/run-command.ts'
import { command as bench } from './bench.ts'
import { command as train } from './train.ts'

const work = mkdtempSync(join(tmpdir(), 'diploscope-bench-'))
afterAll(() => rmSync(work, { recursive: true, force: true, maxRetries: 10 }))
beforeEach(() => vi.stubEnv('DIPLOSCOPE_DATA_DIR', join(work, 'data')))
afterEach(() => vi.unstubAllEnvs())
const parity = resolve(import.meta.dirname, '../../../../assets/recipes/parity')
const write = (name: string, json: object) => {
  writeFileSync(join(work, name), JSON.stringify(json))
  return join(work, name)
}

/** Two steps of each of the two tiny networks on synthetic data. */
const small = {
  format: 'diploscope-recipe',
  formatVersion: 1,
  task: 'lab',
  id: 'small',
  name: 'Small',
  summary: 'Two steps of two tiny networks.',
  experiment: 'sparse-parity',
  windows: 1,
  resamples: 50,
  evaluation: join(parity, 'demo-full.json'),
  pairs: [
    {
      name: 'synthetic',
      full: { recipe: join(parity, 'demo-full.json'), seed: 1, steps: 2 },
      sparse: { recipe: join(parity, 'demo-sparse.json'), seed: 1, steps: 2 },
    },
  ],
}

describe('bench with an experiment', () => {
  it('trains, judges, prints verdicts and a row a point, keeps the result, and takes it in again on another machine', async () => {
    const recipe = write('small.json', small)
    const { code, out } = await runCommand(bench, 'sparse-parity', '--recipe', recipe, '--json', '--threads', '1')
    expect(code).toBe(0)
    const result = JSON.parse(out) as LabResult
    // Truth: 2 trainings, an evaluation; by model the mean, 2 types, 3 tracks; the difference; by type pooled and one window.
    expect(result).toMatchObject({ state: 'done', total: 3 + 2 * 6 + 1 + 2 * 2, recipe: { id: 'small' }, machine: { threads: 1 } }) // biome-ignore format: one thought
    expect(result.points.filter(p => p.state !== 'done')).toEqual([])
    const trained = result.points[0]!
    expect(trained.measures['steps']!.median).toBe(2)
    expect(trained.measures['peakBytes']!.median).toBeGreaterThan(50e6)
    // Kept in the store: nothing is left to go on with, and the same file is taken in as another machine's.
    await expect(runCommand(bench, 'sparse-parity', '--recipe', recipe, '--resume')).rejects.toMatchObject({ code: 'not-found' }) // biome-ignore format: one thought
    const file = write('other.json', { ...result, machine: { ...result.machine, processor: 'Other' } })
    expect((await runCommand(bench, '--import', file)).out).toMatch(/^sparse-parity-loaded-\w+\tsparse-parity\tSmall\tOther\t20 points\n$/) // biome-ignore format: one thought
  })

  it('refuses what means nothing, with the codes that scripts rely on', async () => {
    const recipe = write('small.json', small)
    const refused = (code: string, message: RegExp, ...argv: string[]) =>
      expect(runCommand(bench, ...argv)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
    await refused('wrong-usage', /is of the experiment 'sparse-parity'/, 'length', '--recipe', recipe)
    await refused('wrong-usage', /one NAME/, 'length', 'low-rank')
    await refused('wrong-usage', /--repeats means nothing/, 'length', '--repeats', '3')
    await refused('wrong-usage', /--recipe is for experiments/, 'pileup', '--recipe', recipe)
    await refused('not-found', /no recipe 'lab-nothing'/, 'length', '--recipe', 'lab-nothing')
    await refused('not-found', /nothing\.json/, 'length', '--recipe', join(work, 'nothing.json'))
    const broken = write('broken.json', { ...small, pairs: [{ ...small.pairs[0], full: { recipe: 'x', seed: -1, steps: 2 } }] }) // biome-ignore format: one thought
    await refused('bad-input', /pairs\[0\]\.full\.seed is -1/, 'sparse-parity', '--recipe', broken)
    writeFileSync(join(work, 'no.json'), '{"format":')
    await refused('bad-input', /cannot be read as JSON/, '--import', join(work, 'no.json'))
  })

  // Truth: the files of recipes that come with the program.
  // The planner's word on the others takes a minute.
  it.each(['compression', 'sparse-parity'])(
    'lists the recipes of %s with their durations, or why one cannot run',
    async experiment => {
      const files = readdirSync(resolve(parity, '..')).filter(n => /^lab-.*\.json$/.test(n))
      const own = files.filter(
        n => JSON.parse(readFileSync(resolve(parity, '..', n), 'utf8')).experiment === experiment,
      )
      const all = JSON.parse((await runCommand(bench, experiment, '--list', '--json')).out) as LabRecipe[]
      expect(all.map(r => r.id).toSorted()).toEqual(own.map(n => n.replace('.json', '')).toSorted())
      for (const recipe of all) expect(recipe.unavailable !== null || Number(recipe.estimatedSeconds) > 0).toBe(true)
      const { code, out } = await runCommand(bench, experiment, '--list')
      expect(code).toBe(0)
      const rows = out
        .trimEnd()
        .split('\n')
        .slice(1)
        .map(line => line.split('\t'))
      expect(rows.map(r => r[1]).toSorted()).toEqual(all.map(r => r.id).toSorted())
      for (const row of rows) expect(row).toHaveLength(5)
    },
    60_000,
  )

  it('refuses what means nothing to a list', async () => {
    const refused = (...argv: string[]) => expect(runCommand(bench, ...argv)).rejects.toMatchObject({ code: 'wrong-usage' }) // biome-ignore format: one line
    await refused('pileup', '--list')
    await refused('length', 'low-rank', '--list')
    await refused('length', '--list', '--recipe', 'x')
    await refused('length', '--list', '--resume')
  })

  it('and train tells a recipe of the lab where it belongs', async () => {
    const recipe = write('small.json', small)
    await expect(runCommand(train, '--recipe', recipe, '--out', join(work, 'm'))).rejects.toMatchObject({ code: 'unsupported', remedy: expect.stringMatching(/diploscope bench/) }) // biome-ignore format: one thought
  })
})
