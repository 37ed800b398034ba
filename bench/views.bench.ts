import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createServices } from '../src-main/services/services.ts'
import { PREDICT_DEFAULTS, REFERENCE } from '../src-shared/genome/prediction.ts'
import { quietContext } from '../src-shared/job.ts'

/** Views of this width, side by side, on the part of the demo's reference that has bases. */
const VIEW_BP = 6000
const FIRST = 44_886_000
const LOCI = 5

/**
 * Predicted tracks of the browser's views, over the services' own calls, with the model and the reference of the demo: time from the call to
 * the last window for the first view, for new loci, for pans over kept predictions and after a restart; the longest that the event loop was
 * held up meanwhile (monitorEventLoopDelay). Arguments: `--threads N` (2).
 */
export async function run({ json, args, root }: { json: boolean; args: readonly string[]; root: string }) {
  const at = args.indexOf('--threads')
  const threads = at >= 0 ? Number(args[at + 1]) : 2
  const dataDir = mkdtempSync(join(tmpdir(), 'bench-views-'))
  const assets = join(root, 'assets')
  const open = () =>
    createServices({ dataDir, demoDir: join(assets, 'demo'), modelsDir: join(assets, 'models'), host: 'headless', dialogs: 'browse', version: 'bench', threads, startFolder: dataDir, roots: [] }) // biome-ignore format: one line
  const lag = monitorEventLoopDelay({ resolution: 1 })
  const session = async () => {
    const services = await open()
    const { files, document } = await services.handlers['project.current']({}, quietContext())
    const model = files.find(f => f.role === 'model')
    if (!model) throw new Error('the demo has no model')
    await services.handlers['models.facts']({ fileId: model.id }, quietContext())
    // What a person needs to choose a track: the compute process starts meanwhile.
    await new Promise(done => setTimeout(done, 3000))
    const subject = { modelFileId: model.id, referenceFileId: document.view.referenceFileId ?? '', options: PREDICT_DEFAULTS, background: REFERENCE } // biome-ignore format: one line
    const view = async (start: number): Promise<number> => {
      const began = performance.now()
      for (;;) {
        const interval = { contig: 'chr19', start, end: start + VIEW_BP }
        const p = await services.handlers['predict.bins']({ ...subject, interval, channels: [0, 1, 2], bins: 1200 }, quietContext()) // biome-ignore format: one line
        if (p.failure) throw new Error(p.failure.message)
        if (p.pending === 'none') return performance.now() - began
        await new Promise(done => setTimeout(done, 10))
      }
    }
    return { services, view }
  }
  try {
    const first = await session()
    const cold = await first.view(FIRST)
    lag.enable()
    const loci: number[] = []
    for (let i = 1; i <= LOCI; i++) loci.push(await first.view(FIRST + i * VIEW_BP))
    const held = lag.max / 1e6
    lag.reset()
    const pans: number[] = []
    for (let i = 0; i < 100; i++) pans.push(await first.view(FIRST + VIEW_BP + i * 100))
    const heldPanning = lag.max / 1e6
    lag.disable()
    await first.services.close()
    const second = await session()
    const restarted = await second.view(FIRST)
    await second.services.close()
    const result = { threads, ms: { 'first view': cold, 'new locus, median': median(loci), 'new locus, longest': Math.max(...loci), 'pan, median': median(pans), 'pan, longest': Math.max(...pans), 'after a restart': restarted, 'event loop held up, new loci': held, 'event loop held up, panning': heldPanning } } // biome-ignore format: one table
    if (!json) for (const [name, value] of Object.entries(result.ms)) process.stdout.write(`${name.padEnd(30)}${value.toFixed(1)} ms\n`) // biome-ignore format: one line
    return result
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? Number.NaN
}
