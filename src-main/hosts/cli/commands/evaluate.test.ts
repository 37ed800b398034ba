import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { runCommand } from '../../../../test-support/run-command.ts'
import { trackRecipe, writeTrackExperiment } from '../../../../test-support/track-training.ts'
import type { EvaluationReport } from '../../../services/evaluate/evaluateTracks.ts'
import { command as evaluate } from './evaluate.ts'
import { command as train } from './train.ts'

const root = resolve(import.meta.dirname, '../../../..')
const work = mkdtempSync(join(tmpdir(), 'diploscope-evaluate-'))
afterAll(() => rmSync(work, { recursive: true, force: true, maxRetries: 10 }))
const at = (...names: string[]) => join(work, ...names)
const write = (name: string, json: object) => {
  writeFileSync(at(name), JSON.stringify(json))
  return at(name)
}

describe('train and evaluate', () => {
  it('judges what was trained on its test regions, beside another seed and the baselines, in JSON, text and pictures', async () => {
    writeTrackExperiment(work)
    const recipe = write('recipe.json', trackRecipe())
    for (const seed of ['3', '4']) {
      const trained = await runCommand(train, '--recipe', recipe, '--out', at(`m${seed}`), '--seed', seed, '--json')
      expect(JSON.parse(trained.out)).toMatchObject({ model: 'made-up', steps: 12, metrics: { metric: 'pearson_per_track' } }) // biome-ignore format: one thought
    }
    const both = ['--model', at('m3'), '--recipe', recipe, '--compare', at('m4'), '--baselines', '--resamples', '100']
    const { out } = await runCommand(evaluate, ...both, '--json', '--figures', at('pictures'), '--panels', '2')
    const report = JSON.parse(out) as EvaluationReport
    expect(report.windows).toBe(4)
    // Truth: the training judged the same windows when it ended.
    const card = readFileSync(at('m3', 'CARD.md'), 'utf8')
    expect(card).toContain(`mean ${report.judged.mean.r!.toFixed(4)} of 2 tracks`)
    expect(report.compared!.comparison.difference.r).toBeCloseTo(report.compared!.mean.r! - report.judged.mean.r!, 12)
    // Truth: the tracks are shares of G and of C, which a linear fit on the words of a bin knows, as far as 1,024 rows allow.
    expect(report.baselines[1]!.mean).toBeGreaterThan(0.5)
    expect(readdirSync(at('pictures')).sort()).toEqual(['models.svg', 'window-1.svg', 'window-2.svg'])
    expect(readFileSync(at('pictures', 'window-1.svg'), 'utf8')).toContain('RNA:plus')
    const text = await runCommand(evaluate, ...both)
    expect(text.out).toContain(`mean of 2 tracks\t${report.judged.mean.r!.toFixed(4)}`)
    expect(text.out).toMatch(/baseline\tmean r/)
  })

  it('says when the genome is another than the model was made for, and when windows are N', async () => {
    const json = structuredClone(trackRecipe())
    ;(json['data'] as { genome: string }).genome = 'another'
    const fasta = readFileSync(at('genome.fa'), 'utf8').split('\n')
    fasta[3] = `${'N'.repeat(1500)}${fasta[3]!.slice(1500)}`
    writeFileSync(at('dark.fa'), fasta.join('\n'))
    ;(json['data'] as { reference: string }).reference = 'dark.fa'
    const { out } = await runCommand(evaluate, '--model', at('m3'), '--recipe', write('changed.json', json), '--resamples', '0') // biome-ignore format: one call
    expect(out).toContain("# warning: model 'made-up' was made for made up, the recipe's experiments are on another")
    expect(out).toMatch(/# warning: in [12] of 4 windows over half of the bases are unknown/)
  })

  it.each<readonly [string, (json: Record<string, unknown>) => void, string, RegExp]>([
    ['a track that the model has not', r => { ((r['data'] as { tracks: { name: string }[] }).tracks[0]!).name = 'ATAC:none' }, 'not-found', /no track 'ATAC\.0' and none named 'ATAC:none'/], // biome-ignore format: one row
    ['bins of another size', r => { (r['data'] as { binSize: number }).binSize = 16 }, 'bad-input', /binSize is 16, bins of model 'made-up' are of 8 bp/], // biome-ignore format: one row
    ['a recipe of another task', r => { r['task'] = 'classify' }, 'bad-input', /'classify', which names no tracks/], // biome-ignore format: one row
    ['no recipe at all', r => { r['format'] = 'x' }, 'bad-input', /is no recipe/], // biome-ignore format: one row
    ['a newer recipe', r => { r['formatVersion'] = 2 }, 'unsupported', /version 2/], // biome-ignore format: one row
  ])('refuses %s', async (_, change, code, message) => {
    const json = structuredClone(trackRecipe())
    change(json)
    await expect(runCommand(evaluate, '--model', at('m3'), '--recipe', write('changed.json', json))).rejects.toMatchObject({ code, message: expect.stringMatching(message) }) // biome-ignore format: one thought
  })

  it('refuses weights that are not finite, and models of other windows', async () => {
    cpSync(at('m3'), at('nan'), { recursive: true })
    const file = at('nan', 'weights.safetensors')
    const bytes = readFileSync(file)
    bytes.writeFloatLE(Number.NaN, bytes.length - 4)
    writeFileSync(file, bytes)
    const json = at('nan', 'model.json')
    // Weights that are not those of model.json are refused before they are used; here they are what it says.
    await expect(runCommand(evaluate, '--model', at('nan'), '--recipe', at('recipe.json'))).rejects.toMatchObject({ code: 'bad-model' }) // biome-ignore format: one thought
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    writeFileSync(json, readFileSync(json, 'utf8').replace(/("sha256": ?")[0-9a-f]{64}/, `$1${sha256}`))
    await expect(runCommand(evaluate, '--model', at('nan'), '--recipe', at('recipe.json'))).rejects.toMatchObject({ code: 'not-finite' }) // biome-ignore format: one thought
    const shipped = join(root, 'assets/models/demo-tracks')
    await expect(runCommand(evaluate, '--model', at('m3'), '--compare', shipped, '--recipe', at('recipe.json'))).rejects.toMatchObject({ code: 'bad-input', message: expect.stringContaining('other windows') }) // biome-ignore format: one thought
  })

  it("judges the demo's model on the demo's own region: the shipped files, as they are", async () => {
    const recipe = join(root, 'assets/recipes/demo-tracks-here.json')
    const { out } = await runCommand(evaluate, '--model', join(root, 'assets/models/demo-tracks'), '--recipe', recipe, '--json', '--resamples', '50') // biome-ignore format: one call
    const report = JSON.parse(out) as EvaluationReport
    expect(report.judged.mean.r).toBeGreaterThan(0.85)
    expect(report.windows).toBe(11)
  })
})
