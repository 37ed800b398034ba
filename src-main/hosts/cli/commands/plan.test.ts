import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { runCommand } from '../../../../test-support/run-command.ts'
import { command as plan } from './plan.ts'

const work = mkdtempSync(join(tmpdir(), 'diploscope-plan-'))
afterAll(() => rmSync(work, { recursive: true, force: true }))
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

  it('refuses what it cannot plan, with the codes that scripts rely on', async () => {
    await expect(runCommand(plan)).rejects.toMatchObject({ code: 'wrong-usage' })
    await expect(runCommand(plan, '--model', join(work, 'none'))).rejects.toMatchObject({ code: 'not-found' })
    await expect(runCommand(plan, '--model', model, '--device', 'cuda')).rejects.toMatchObject({ code: 'unsupported' })
    await expect(runCommand(plan, '--model', model, '--length', '1001')).rejects.toMatchObject({ code: 'bad-input' })
  })
})
