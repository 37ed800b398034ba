import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { quietContext } from '../../../src-shared/job.ts'
import { type Compute, createCompute } from '../../compute/client.ts'
import { ALPHABETS, buildModel } from '../../domain/tokenizer/train/build.ts'
import { nfkcCharsmap } from '../../domain/tokenizer/train/nfkcMap.ts'
import { MODELS } from '../../models/kinds.ts'
import { modelRegistry } from '../../models/registry.ts'
import { closePileupWorkers } from '../../workers/pileupClient.ts'
import { readForModel, readForModelInThread } from './readForModel.ts'
import { openRiskModel, type RiskModel } from './riskModel.ts'

const root = resolve(import.meta.dirname, '../../..')
const demo = (name: string) => join(root, 'assets/demo', name)
const work = mkdtempSync(join(tmpdir(), 'diploscope-reading-'))
const folder = join(work, 'model')
let compute: Compute
let model: RiskModel
beforeAll(async () => {
  cpSync(join(root, 'assets/models/apoe-risk-demo'), folder, { recursive: true })
  compute = createCompute({ cacheFolder: join(work, 'cache'), threads: 1 })
  model = await openRiskModel(folder, { compute, registry: modelRegistry(MODELS) }, quietContext())
})
afterAll(async () => {
  await closePileupWorkers()
  await compute.close()
  rmSync(work, { recursive: true, force: true, maxRetries: 10 })
})

// Truth: the same reading in this thread.
describe('a sample read for a model in a thread', () => {
  it.each(['synthetic-e3e3.bam', 'synthetic-e3e4.bam'])('is %s as it is read here', async name => {
    const request = { path: demo(name) }
    const [there, here] = [await readForModelInThread(request, model, quietContext()), await readForModel(request, model, quietContext())] // biome-ignore format: one line
    expect(there).toEqual(here)
    expect(there.ids.length).toBeGreaterThan(100)
  })

  it('fails as it fails here, and not with another tokenizer than the one that was opened', async () => {
    await expect(readForModelInThread({ path: join(work, 'gone.bam') }, model, quietContext())).rejects.toMatchObject({ code: 'not-found' }) // biome-ignore format: one line
    const stop = new AbortController()
    stop.abort()
    await expect(readForModelInThread({ path: demo('synthetic-e3e3.bam') }, model, { signal: stop.signal, report() {} })).rejects.toMatchObject({ code: 'cancelled' }) // biome-ignore format: one line
    const other = join(work, 'other.model')
    const { view } = model
    if (view.kind !== 'tokens') throw new Error('a model of tokens was opened')
    writeFileSync(other, Buffer.concat([readFileSync(view.tokenizerPath), Buffer.from([0])]))
    const swapped = { ...model, view: { ...view, tokenizerPath: other } }
    await expect(readForModelInThread({ path: demo('synthetic-e3e3.bam') }, swapped, quietContext())).rejects.toMatchObject({ code: 'bad-model', message: expect.stringMatching(/when the model was opened/) }) // biome-ignore format: one line
  })
})

// Truth: the alphabets as they were asked for.
it('a model whose tokenizer knows nucleotides only is refused, and says what is missing', async () => {
  const letters = ALPHABETS.haplotype
  const bytes = buildModel({ corpus: { characters: [], frequencies: new Float64Array(0) }, merges: { pieces: [], frequencies: new Float64Array(0), tokens: 0 }, alphabet: letters, normalization: 'nfkc', charsmap: nfkcCharsmap(), maxPieceLength: 64 }) // biome-ignore format: one line
  const path = join(work, 'letters')
  cpSync(folder, path, { recursive: true })
  writeFileSync(join(path, 'tokenizer.model'), bytes)
  const json = JSON.parse(readFileSync(join(path, 'model.json'), 'utf8'))
  json.tokenizer.sha256 = createHash('sha256').update(bytes).digest('hex')
  json.architecture.vocabulary = 5 + letters.length
  writeFileSync(join(path, 'model.json'), JSON.stringify(json))
  const opening = openRiskModel(path, { compute, registry: modelRegistry(MODELS) }, quietContext())
  await expect(opening).rejects.toMatchObject({ code: 'bad-model', message: expect.stringMatching(/not of the diplotype alphabet: 6\d of the 66 codes are missing/) }) // biome-ignore format: one line
})
