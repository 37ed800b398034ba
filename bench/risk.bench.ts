import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { createCompute } from '../src-main/compute/client.ts'
import { COHORT_DEFAULTS } from '../src-main/domain/cohort/cohort.ts'
import { MODELS } from '../src-main/models/kinds.ts'
import { modelRegistry } from '../src-main/models/registry.ts'
import { readForModelInThread } from '../src-main/services/risk/readForModel.ts'
import { openRiskModel } from '../src-main/services/risk/riskModel.ts'
import { readSampleSheet } from '../src-main/services/risk/sampleSheet.ts'
import { cohortTsv, type FiguresOf, scoreCohort } from '../src-main/services/risk/scoreCohort.ts'
import { scoreSample } from '../src-main/services/risk/scoreSample.ts'
import { simulateCohort } from '../src-main/services/risk/simulateCohort.ts'
import { closePileupWorkers, cohortFigures } from '../src-main/workers/pileupClient.ts'
import { quietContext } from '../src-shared/job.ts'
import { type Bench, median, type Row, rounded, timed } from './compute/measure.ts'
import { peerLibraries } from './peers/peer.ts'
import { longestInputs } from './risk/lengths.ts'
import { thesisLinformer, thesisStep } from './risk/thesisLinformer.ts'
import { measured } from './tokenizer/measured.ts'

/**
 * Scores and the networks behind them. Cases: `score` (one 30x BAM, whole process and warm), `cohort` (simulated 5x slices, throughput and
 * memory), `linformer` (published size against PyTorch on the same weights), `step` (one training step of it, some 10 GB), `lengths` (longest input in a budget of memory). All without a
 * name. Arguments: `--repeats N` (5), `--threads N` (2), `--people N` (1000), `--budget MiB` (1024), `--small` (a smaller Linformer).
 */
export async function run({ json, args, root }: { json: boolean; args: readonly string[]; root: string }) {
  const option = (name: string, otherwise: number) => (args.includes(name) ? Number(args[args.indexOf(name) + 1]) : otherwise) // biome-ignore format: one line
  const folder = mkdtempSync(join(tmpdir(), 'diploscope-bench-'))
  const entry = join(root, 'dist', 'compute', 'process.js')
  const bench: Bench = {
    folder,
    repeats: option('--repeats', 5),
    threads: option('--threads', 2),
    entry,
    peerScript: join(root, 'bench', 'peers', 'linformer_peer.py'),
    peers: peerLibraries(),
    say: text => {
      if (!json) process.stdout.write(`${text}\n`)
    },
  }
  const model = join(root, 'assets', 'models', 'apoe-risk-demo')
  const reference = join(root, 'assets', 'demo', 'synthetic-chr19.fa.gz')
  const asked = args.filter((a, i) => !a.startsWith('--') && !['--repeats', '--threads', '--people', '--budget'].includes(args[i - 1] ?? '')) // biome-ignore format: one line
  const wants = (name: string) => asked.length === 0 || asked.includes(name)
  const rows: unknown[] = []
  try {
    if (wants('score')) rows.push(...(await scoreCase(bench, root, model)))
    if (wants('cohort')) rows.push(...(await cohortCase(bench, model, reference, option('--people', 1000))))
    if (wants('linformer')) rows.push(...(await thesisLinformer(bench, args.includes('--small') ? 'small' : 'thesis')))
    if (wants('step')) rows.push(...(await thesisStep(bench)))
    if (wants('lengths')) {
      const found = await longestInputs({ entry, folder, budgetMib: option('--budget', 1024), nucleotidesAToken: 8.7, say: bench.say }) // biome-ignore format: one line
      for (const r of found) bench.say(`${r.name}: ${r.tokens} tokens, ${r.nucleotides} nucleotides (${r.peakMib} MiB; ${r.tooLong} tokens are too many)`) // biome-ignore format: one line
      rows.push(...found)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return rows
}

async function scoreCase(bench: Bench, root: string, folder: string): Promise<readonly Row[]> {
  const bam = join(root, 'assets', 'demo', 'synthetic-e3e4.bam')
  const command = [process.execPath, join(root, 'bin', 'diploscope.mjs'), 'score', bam, '--model', folder, '--json', '--quiet'] // biome-ignore format: one line
  const whole: number[] = []
  for (let i = 0; i < bench.repeats; i++) whole.push((await measured(command, { output: join(bench.folder, 'score.json') })).ms) // biome-ignore format: one line
  const compute = createCompute({ entry: bench.entry, threads: bench.threads })
  try {
    const model = await openRiskModel(folder, { compute, registry: modelRegistry(MODELS) }, quietContext())
    const once = () => timed(() => scoreSample({ path: bam, evidence: 5 }, model, quietContext()))
    await once()
    const warm: number[] = []
    for (let i = 0; i < 3 * bench.repeats; i++) warm.push(await once())
    const rows: Row[] = [
      { name: 'score of one 30x BAM, whole process', ms: median(whole), runs: whole.length, target: 'under 3 s', met: median(whole) < 3000 }, // biome-ignore format: one line
      { name: 'score of one 30x BAM with evidence, warm', ms: median(warm), runs: warm.length, target: 'under 0.5 s', met: median(warm) < 500 }, // biome-ignore format: one line
    ]
    for (const r of rows) bench.say(`${r.name}: ${rounded(r.ms!, 4)} ms [target ${r.target}: ${r.met ? 'met' : 'MISSED'}] (median of ${r.runs})`) // biome-ignore format: one line
    return rows
  } finally {
    await compute.close()
  }
}

/** A cohort scored in the thread that waits for it, then as the program does it: in threads. The two tables must be equal. */
async function cohortCase(bench: Bench, folder: string, reference: string, people: number) {
  const out = join(bench.folder, 'cohort')
  const begun = performance.now()
  await simulateCohort({ spec: { ...COHORT_DEFAULTS, people, depth: 5, seed: 77, regionFlankBp: 3000, flankEffects: 6, effectFlankBp: 3000 }, reference, haplotypes: undefined, out, build: 'GRCh38', reads: true, diplotypes: false }, quietContext()) // biome-ignore format: one line
  const simulateMs = performance.now() - begun
  const files = readdirSync(join(out, 'bam')).length / 2
  bench.say(`${files} people simulated as indexed 5x slices in ${(simulateMs / 1000).toFixed(1)} s`)
  const figures: FiguresOf = (judged, threshold, context) => cohortFigures({ people: judged, threshold }, context)
  const sheet = await readSampleSheet(join(out, 'samples.tsv'))
  const tables: string[] = []
  const rows: unknown[] = []
  for (const [where, how] of [
    ['one thread', {}],
    ['threads', { read: readForModelInThread, figures }],
  ] as const) {
    const compute = createCompute({ entry: bench.entry, threads: bench.threads })
    try {
      const model = await openRiskModel(folder, { compute, registry: modelRegistry(MODELS) }, quietContext())
      const memory: number[] = []
      let seen = 0
      const delay = monitorEventLoopDelay({ resolution: 1 })
      delay.enable()
      const usage = performance.eventLoopUtilization()
      const started = performance.now()
      const cohort = await scoreCohort({ sheet, ...how }, model, quietContext(), () => {
        if (++seen % Math.max(1, Math.floor(people / 10)) === 0)
          memory.push(Math.round(process.memoryUsage().rss / 2 ** 20))
      })
      const ms = performance.now() - started
      const busy = performance.eventLoopUtilization(usage)
      delay.disable()
      tables.push(cohortTsv(cohort))
      // The loop of the host: its longest standstill, its work for a sample. The timer itself asks every millisecond.
      const loop = {
        longestMs: delay.max / 1e6,
        p99Ms: delay.percentile(99) / 1e6,
        workMsPerSample: busy.active / files,
      }
      const peak = Math.round((await compute.stats()).peakRssBytes / 2 ** 20)
      const m = cohort.metrics
      const row = { name: `cohort of ${files} simulated 5x slices, ${where}`, ms, perSecond: (1000 * files) / ms, simulateMs, loop, memoryMibByTenth: memory, computePeakMib: peak, scored: cohort.rows.filter(r => r.probability !== null).length, failed: cohort.failures.length, auc: m?.model?.auc?.auc, twoSnp: m?.['two-snp']?.auc?.auc } // biome-ignore format: one line
      bench.say(`${row.name}: ${(ms / 1000).toFixed(1)} s, ${row.perSecond.toFixed(1)} a second; event loop: ${loop.workMsPerSample.toFixed(1)} ms of work a sample, 99 % of its delays under ${loop.p99Ms.toFixed(1)} ms, the longest ${loop.longestMs.toFixed(1)} ms; resident memory by tenths ${memory.join(', ')} MiB, compute process ${peak} MiB; ${row.scored} scored, ${row.failed} failed; AUC ${row.auc?.toFixed(4)}, two SNPs ${row.twoSnp?.toFixed(4)}`) // biome-ignore format: one line
      rows.push(row)
    } finally {
      await compute.close()
    }
  }
  bench.say(tables[0] === tables[1] ? 'both tables are the same' : 'THE TABLES DIFFER')
  await closePileupWorkers()
  return rows
}
