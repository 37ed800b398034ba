import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PILEUP_DEFAULTS, type PileupColumns } from '../../src-shared/genome/pileup.ts'
import { quietContext } from '../../src-shared/job.ts'
import { randomReads } from '../../test-support/pileup/reads.ts'
import { naivePileup, type PlainRead } from '../domain/pileup/naiveTwin.ts'
import { writeBam } from '../readers/bamWriter.ts'
import { buildIndex } from '../readers/indexBuilder.ts'
import { testFolder } from '../readers/testFiles.ts'
import { PileupWorkers } from './pileupClient.ts'

const at = testFolder()
const workers = new PileupWorkers()
const path = at('reads.bam')
const reads: PlainRead[] = randomReads(7, 400, 3000)

beforeAll(async () => {
  await write(reads)
})
afterAll(() => workers.close())

async function write(content: readonly PlainRead[]) {
  const records = content.map(r => ({ ...r, cigar: r.cigar.map(([n, op]) => `${n}${op}`).join(''), sequence: r.bases || '*' })) // biome-ignore format: one line
  writeFileSync(path, writeBam({ contigs: [{ name: 'chr1', length: 4000 }, { name: 'chr2', length: 9 }], records })) // biome-ignore format: one line
  await buildIndex(path, { force: true }, quietContext())
}

const region = { contig: '1', start: 100, end: 2900 }
const expected = () => naivePileup(reads, 0, 100, 2900, PILEUP_DEFAULTS)

describe('pileups in worker threads', () => {
  it('give the columns of the naive twin, under the name of the file, and the ledger', async () => {
    const chunks: PileupColumns[] = []
    const ledger = await workers.pileup({ path, region }, quietContext(), c => chunks.push(c))
    expect(chunks.flatMap(c => [...c.positions].map((p, i) => [p, c.segments[i], c.depth[i]]))).toEqual(
      expected().map(row => row.slice(0, 3)),
    )
    expect(chunks[0]?.contig).toBe('chr1')
    expect(ledger.columns.depth).toBe(expected().reduce((sum, row) => sum + row[2]!, 0))
  })

  it('answer several calls at once, each its own', async () => {
    const positions = [200, 700, 1500].map(position => ({ contig: 'chr1', position }))
    const [details, bins, stories] = await Promise.all([
      workers.columnDetails({ path, positions }, quietContext()),
      workers.depthBins({ path, interval: region, bins: 28 }, quietContext()),
      workers.readStories({ path, region, name: reads[100]!.name }, quietContext()),
    ])
    expect(details.map(d => d.position)).toEqual([200, 700, 1500])
    for (const d of details) {
      const row = naivePileup(reads, 0, d.position, d.position + 1, PILEUP_DEFAULTS)[0]
      expect(d.counted.reduce((sum, n) => sum + n, 0)).toBe(row?.[2] ?? 0)
    }
    const depths = new Map(expected().map(row => [row[0]!, row[2]!]))
    for (let bin = 0; bin < 28; bin++) {
      const values = Array.from({ length: 100 }, (_, k) => depths.get(100 + 100 * bin + k) ?? 0)
      expect(bins.mean[bin]).toBeCloseTo(values.reduce((sum, v) => sum + v, 0) / 100, 4)
      expect([bins.min[bin], bins.max[bin]]).toEqual([Math.min(...values), Math.max(...values)])
    }
    expect(stories.length).toBe(reads.filter(r => r.name === reads[100]!.name && r.start < 2900).length)
  })

  // Truth: the reads that were written.
  it('find the first reads of a file', async () => {
    const from = Math.min(...reads.map(r => r.start))
    expect(await workers.firstReads({ path }, quietContext())).toMatchObject({ contig: 'chr1', start: from })
  })

  it('bins of one base carry the letters', async () => {
    const bins = await workers.depthBins({ path, interval: { contig: 'chr1', start: 500, end: 560 }, bins: 1000 }, quietContext()) // biome-ignore format: one line
    const row = naivePileup(reads, 0, 500, 560, PILEUP_DEFAULTS).at(-1)!
    const k = row[0]! - 500
    expect(bins.bins).toBe(60)
    const b = bins.bases!
    expect([b.a[k], b.c[k], b.g[k], b.t[k], b.n[k], b.del[k]]).toEqual(row.slice(3, 9))
  })

  it('fail with the coded error of the reader', async () => {
    const bad = { path: at('absent.bam'), region }
    await expect(workers.pileup(bad, quietContext())).rejects.toMatchObject({ code: 'not-found' })
    const far = { path, region: { contig: 'chrX', start: 0, end: 5 } }
    await expect(workers.pileup(far, quietContext())).rejects.toMatchObject({ code: 'not-found' })
  })

  it('are cancelled at once, and the thread stays usable', async () => {
    const stop = new AbortController()
    const call = workers.pileup({ path, region }, { signal: stop.signal, report() {} })
    stop.abort()
    await expect(call).rejects.toMatchObject({ code: 'cancelled' })
    const again = await workers.pileup({ path, region }, quietContext())
    expect(again.reads.fetched).toBeGreaterThan(0)
  })

  it('a callback that throws fails its own call', async () => {
    const call = workers.pileup({ path, region }, quietContext(), () => {
      throw new Error('no room')
    })
    await expect(call).rejects.toThrow('no room')
  })

  it('see a file that was replaced between calls', async () => {
    const half = reads.filter((_, i) => i % 2)
    await write(half)
    const ledger = await workers.pileup({ path, region }, quietContext())
    await write(reads)
    expect(ledger.columns.depth).toBe(naivePileup(half, 0, 100, 2900, PILEUP_DEFAULTS).reduce((sum, r) => sum + r[2]!, 0)) // biome-ignore format: one line
  })
})

describe('a thread that dies', () => {
  it('fails its own calls with `disconnected` and is replaced', async () => {
    const file = at('dying.mjs')
    writeFileSync(
      file,
      `import { parentPort } from 'node:worker_threads'
       parentPort.on('message', m => {
         if (m.args.path === 'die') throw new Error('out of luck')
         if (m.kind === 'call' && m.args.path === 'answer') parentPort.postMessage({ id: m.id, kind: 'result', result: 'ok' })
       })`,
    )
    const mortal = new PileupWorkers(() => pathToFileURL(file))
    const call = (p: string) => mortal.pileup({ path: p, region }, quietContext())
    // On the first thread; the second one gets the victim.
    const bystander = expect(call('wait')).rejects.toMatchObject({ code: 'disconnected' })
    await expect(call('die')).rejects.toMatchObject({
      code: 'disconnected',
      message: expect.stringContaining('out of luck'),
    })
    expect(await call('answer')).toBe('ok')
    await mortal.close()
    await bystander
  })
})
