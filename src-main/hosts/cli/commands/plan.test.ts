import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { runCommand } from '../../../../test-support/run-command.ts'
import { trackRecipe, writeTrackExperiment } from '../../../../test-support/track-training.ts'
import { command as plan } from './plan.ts'

const work = mkdtempSync(join(tmpdir(), 'diploscope-plan-'))
afterAll(() => rmSync(work, { recursive: true, force: true, maxRetries: 10 }))
beforeEach(() => vi.stubEnv('DIPLOSCOPE_DATA_DIR', join(work, 'data')))
afterEach(() => vi.unstubAllEnvs())
const model = resolve(import.meta.dirname, '../../../../assets/models/demo-tracks')

describe('plan', () => {
  it('says what a prediction costs, and that a step of training costs more', async () => {
    const one = JSON.parse((await runCommand(plan, '--model', model, '--json')).out)
    expect(one).toMatchObject({ model: 'demo-tracks', fits: true, basis: 'typical', instead: null })
    const step = JSON.parse((await runCommand(plan, '--model', model, '--training', '--json')).out)
    expect(step.seconds).toBeGreaterThan(one.seconds)
    expect(step.peakBytes).toBeGreaterThan(one.peakBytes)
    const many = JSON.parse((await runCommand(plan, '--model', model, '--runs', '1000', '--json')).out)
    expect(many.seconds).toBeGreaterThan(one.seconds)
  })

  it('prints a table', async () => {
    const { code, out } = await runCommand(plan, '--model', model)
    expect(code).toBe(0)
    expect(out).toMatch(/^seconds\tpeakMB\tfreeMB\tfits\tbasis\tinstead\n[\d.e-]+\t\d+\t\d+\tyes\ttypical\t-\n$/)
  })

  // Ten times the steps take longer and the same memory.
  it('says what a training recipe costs, and trains nothing', async () => {
    const folder = join(work, 'experiment')
    writeTrackExperiment(folder)
    let batch = 2
    const planned = async (steps: number, ...more: string[]) => {
      const recipe = trackRecipe()
      const path = join(work, `steps-${steps}.json`)
      writeFileSync(path, JSON.stringify({ ...recipe, training: { ...(recipe['training'] as object), steps, batch } }))
      return (await runCommand(plan, '--recipe', path, '--data', folder, ...more)).out
    }
    const [few, many] = [JSON.parse(await planned(20, '--json')), JSON.parse(await planned(200, '--json'))]
    expect(few).toMatchObject({ task: 'tracks', steps: 20, fits: true, basis: 'typical' })
    expect(many.peakBytes).toBe(few.peakBytes)
    expect(many.seconds).toBeGreaterThan(few.seconds)
    // Truth: of the recipe's batch of 2 only 1 is left, and its own plan fits.
    const available = vi.spyOn(process, 'availableMemory').mockReturnValue(few.peakBytes - 1)
    expect(JSON.parse(await planned(20, '--json'))).toMatchObject({ fits: false, instead: 'batch 1' })
    batch = 1
    expect(JSON.parse(await planned(20, '--json'))).toMatchObject({ fits: true, instead: null })
    available.mockRestore()
    expect(await planned(20)).toMatch(
      /^seconds\tpeakMB\tfreeMB\tfits\tbasis\tinstead\n[\d.e-]+\t\d+\t\d+\tyes\ttypical\t-\n$/,
    )
  })

  it('says what each point of the lab costs, and all of them', async () => {
    const recipe = { format: 'diploscope-recipe', formatVersion: 1, task: 'lab', id: 'short', name: 'Short', summary: 'Two points.', experiment: 'length', visits: 3, pointLimitSeconds: 600, parts: [{ job: 'training', width: 48, tracks: 4, layers: [1], lengthsBp: [24576, 32768], models: ['enformer'], warmUp: 0, repeats: 1 }] } // biome-ignore format: one recipe
    const path = join(work, 'lab.json')
    writeFileSync(path, JSON.stringify(recipe))
    const told = JSON.parse((await runCommand(plan, '--recipe', path, '--json')).out)
    expect(told).toMatchObject({ task: 'lab', experiment: 'length', visits: 3, basis: 'typical', fits: true })
    expect(told.points).toHaveLength(2)
    expect(told.seconds).toBeCloseTo(3 * (told.points[0].seconds + told.points[1].seconds), 6)
    expect(told.peakBytes).toBe(told.points[1].peakBytes)
    const { out } = await runCommand(plan, '--recipe', path)
    expect(out.split('\n')[0]).toBe('model\tlengthBp\tlayers\tjob\tattention\twidth\tseconds\tpeakMB')
    expect(out).toMatch(
      /\nenformer\t32768\t1\ttraining\tchunked\t48\t[\d.]+\t\d+\n\nseconds\tpeakMB\tfreeMB\tfits\tbasis\n/,
    )
  })

  it('refuses recipes that it cannot plan', async () => {
    const path = join(work, 'other.json')
    writeFileSync(path, JSON.stringify({ format: 'diploscope-recipe', formatVersion: 1, task: 'dance' }))
    await expect(runCommand(plan, '--recipe', path)).rejects.toMatchObject({ code: 'unsupported' })
    await expect(runCommand(plan, '--recipe', join(work, 'none.json'))).rejects.toMatchObject({ code: 'not-found' })
    await expect(runCommand(plan, '--recipe', path, '--model', model)).rejects.toMatchObject({ code: 'wrong-usage' })
    const logistic = join(work, 'logistic.json')
    writeFileSync(logistic, JSON.stringify({ format: 'diploscope-recipe', formatVersion: 1, task: 'classify', model: { kind: 'logistic' } })) // biome-ignore format: one line
    await expect(runCommand(plan, '--recipe', logistic)).rejects.toMatchObject({ code: 'unsupported' })
  })

  it('refuses what it cannot plan, with the codes that scripts rely on', async () => {
    await expect(runCommand(plan)).rejects.toMatchObject({ code: 'wrong-usage' })
    await expect(runCommand(plan, '--model', join(work, 'none'))).rejects.toMatchObject({ code: 'not-found' })
    await expect(runCommand(plan, '--model', model, '--device', 'cuda')).rejects.toMatchObject({ code: 'unsupported' })
    await expect(runCommand(plan, '--model', model, '--length', '1001')).rejects.toMatchObject({ code: 'bad-input' })
  })
})
