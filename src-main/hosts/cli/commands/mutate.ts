import type { Interval } from '../../../../src-shared/genome/interval.ts'
import { formatLocus } from '../../../../src-shared/genome/locus.ts'
import { CELL, type ScanMethod, type ScanVerification } from '../../../../src-shared/genome/scan.ts'
import { throwIfCancelled, WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import { chooseTracks, trackLabels } from '../../../analyses/chooseTracks.ts'
import { windowGeometry } from '../../../analyses/predict.ts'
import { planScan, type ScoredOutput, shownInterval } from '../../../analyses/scanPlan.ts'
import { sampleOf, verificationText } from '../../../analyses/scanVerification.ts'
import { type Compute, createCompute } from '../../../compute/client.ts'
import { MODELS } from '../../../models/kinds.ts'
import { modelRegistry } from '../../../models/registry.ts'
import { readModelJson } from '../../../services/models/modelFolder.ts'
import { verifyWeights } from '../../../services/models/verifyWeights.ts'
import { openGradientNetwork } from '../../../services/mutate/gradientNetwork.ts'
import { openNaiveNetwork } from '../../../services/mutate/mutantNetwork.ts'
import { openMutants, ranWith } from '../../../services/mutate/openMutants.ts'
import {
  EffectTable,
  prepareScan,
  previewScan,
  regionBases,
  type ScanTarget,
  verifyCells,
} from '../../../services/mutate/scanRun.ts'
import { windowBases, withinReference } from '../../../services/mutate/windowSequence.ts'
import { unknownCautions } from '../../../services/predict/cautions.ts'
import { shortest } from '../../../services/predict/predictionFiles.ts'
import { type CliCommand, type CliIo, EXIT } from '../command.ts'
import { MODEL_OPTIONS, modelCautions, SCORE_OPTIONS, scoreOptions } from '../mutationOptions.ts'
import { checkOut } from '../outOption.ts'
import { openWithIndex, regionIn } from '../referenceOption.ts'

export const command: CliCommand = {
  name: 'mutate',
  summary: 'Effect of every single-base change of a region on predicted tracks.',
  usage:
    '--model DIR --reference FA --region chr4:40866000-40866199 [--tracks LIST] [--method exact|naive|gradient] --out FILE.tsv',
  options: {
    ...MODEL_OPTIONS,
    region: { value: 'R', help: 'positions that are changed: 1-based, both ends included' },
    method: {
      value: 'NAME',
      help: 'exact: only what a change reaches is computed again; naive: full forward passes; gradient: first-order estimates (default exact)',
    },
    ...SCORE_OPTIONS,
    bins: {
      value: 'WHICH',
      help: "scored bins: region (those of the region, default), all, N in the window's middle, or FIRST-LAST counted from 0",
    },
    verify: { value: 'N', help: 'positions of method exact that are computed again naively and compared (default 5)' },
    batch: { value: 'N', help: 'mutants a run (default: what suits the method)' },
  },
  notes:
    'One line for each change, by position, then A, C, G, T: contig, pos (1-based), ref, alt, and a column a track. The base that is there\n' +
    'is not run, and a position with N has no lines. The window is centred on the region, which is widened to whole bins where it is\n' +
    'scored; beyond the ends of the contig the model reads N. Which window, method and device, and what the verification found, is told on\n' +
    'stderr and in --json. With method gradient every value is an estimate.',
  async run(args, io) {
    const started = Date.now()
    const method: ScanMethod = args.choice('method', ['exact', 'naive', 'gradient'], 'exact')
    const options = scoreOptions(args)
    const regionText = args.required('region')
    const folder = args.required('model')
    const json = await readModelJson(folder)
    const geometry = windowGeometry(json)
    const channels = chooseTracks(args.text('tracks'), json.tracks)
    const verify = args.integer('verify', 5, { min: 0, max: 1_000_000 })
    await checkOut(args)
    await verifyWeights(folder, json, io.context)
    const reference = await openWithIndex(args.required('reference'), io)
    const compute = createCompute(args.text('threads') ? { threads: args.integer('threads', 1, { min: 1, max: 1024 }) } : {}) // biome-ignore format: one choice
    try {
      const { contigLength, ...region } = withinReference(regionIn(regionText, reference), reference)
      const keptBp = geometry.bins * geometry.binBp
      const output = scoredOutput(args.text('bins') ?? 'region', region)
      if (region.end - region.start > keptBp) throw new WorkbenchError('region', `${formatLocus(region)} is longer than the ${keptBp.toLocaleString('en-US')} bp that the model answers for`, 'scan it in parts') // biome-ignore format: one thought
      const plan = planScan(region, geometry, output)
      const bases = await windowBases(reference, plan.window, contigLength, io.context.signal)
      const target: ScanTarget = { json, channels, groupMean: false, plan, bases, ...options.score }
      const table = new EffectTable(target)
      if (table.mutations.length === 0) throw new WorkbenchError('region', `no base of ${formatLocus(region)} is known (all N)`, 'choose another region') // biome-ignore format: one thought
      const load = options.load
      const batch = args.text('batch') ? { batch: args.integer('batch', 1, { min: 1, max: 1024 }) } : {}
      const ran = await computed(target, table, { folder, method, load, verify, ...batch }, compute, io)
      const labels = trackLabels(channels.map(c => json.tracks[c]!))
      const text = tableText(region, target, table, labels)
      io.note(`${json.id}: window ${shownInterval(plan.window)}, scored ${plan.bins.count.toLocaleString('en-US')} bins of ${geometry.binBp} bp from ${(plan.answered.start + plan.bins.first * geometry.binBp + 1).toLocaleString('en-US')}`) // biome-ignore format: one line
      io.note(`${ran.ranWith}${method === 'gradient' ? '; every value is a first-order estimate' : ''}`)
      if (ran.verified) io.note(verificationText(ran.verified, 'changes'))
      const skipped = region.end - region.start - table.mutations.length / 3
      const unknown = [...bases].filter(b => !'ACGT'.includes(b)).length / bases.length
      const warnings = [...modelCautions(json, reference.contigs), ...unknownCautions(0, 0, unknown)]
      for (const warning of warnings) io.note(`warning: ${warning}`)
      if (skipped > 0) io.note(`warning: ${skipped.toLocaleString('en-US')} positions hold no known base (N) and are left out`) // biome-ignore format: one line
      const out = args.text('out')
      const wantsJson = args.flag('json')
      if (out !== undefined || !wantsJson) await io.output(out, write => write(text))
      if (wantsJson)
        await io.write(
          `${JSON.stringify({
            model: json.id,
            contig: region.contig,
            start: region.start,
            end: region.end,
            window: plan.window,
            bins: { ...plan.bins, binSize: geometry.binBp },
            method,
            estimate: method === 'gradient',
            score: options.score.score,
            mean: options.score.mean,
            tracks: labels,
            mutations: table.mutations.length,
            skippedPositions: skipped,
            ranWith: ran.ranWith,
            verified: ran.verified,
            warnings,
            ms: Date.now() - started,
            ...(out !== undefined ? { out } : { effects: rows(region, target, table).map(r => [r.pos, r.ref, r.alt, ...r.values]) }), // biome-ignore format: one choice
          })}\n`,
        )
      return EXIT.done
    } finally {
      await compute.close()
      await reference.close()
    }
  },
}

function scoredOutput(text: string, region: Interval): ScoredOutput {
  if (text === 'region') return { kind: 'interval', interval: region }
  if (text === 'all') return { kind: 'all' }
  const range = /^(\d+)(?:-(\d+))?$/.exec(text)
  if (!range || (range[2] !== undefined && Number(range[2]) < Number(range[1])))
    throw new WorkbenchError('wrong-usage', `--bins is '${text.slice(0, 40)}', not region, all, a number or FIRST-LAST`, 'write --bins all, or --bins 4') // biome-ignore format: one thought
  const first = Number(range[1])
  return range[2] === undefined
    ? { kind: 'centre', count: first }
    : { kind: 'bins', first, count: Number(range[2]) - first + 1 }
}

interface Work {
  readonly folder: string
  readonly method: ScanMethod
  readonly load: ReturnType<typeof scoreOptions>['load']
  readonly verify: number
  readonly batch?: number
}

async function computed(
  target: ScanTarget,
  table: EffectTable,
  work: Work,
  compute: Compute,
  { context }: CliIo,
): Promise<{ readonly ranWith: string; readonly verified: ScanVerification | null }> {
  const registry = modelRegistry(MODELS)
  const { folder, method, load } = work
  const { json, channels, plan } = target
  if (method === 'gradient') {
    const request = { folder, json, channels, score: target.score, load }
    const network = await openGradientNetwork(request, compute, registry, context)
    await previewScan(target, table, network, context.signal)
    return { ranWith: ranWith(method, network.provider), verified: null }
  }
  const request = { folder, json, channels, bins: plan.bins, load, ...(work.batch ? { batch: work.batch } : {}) }
  const network = await openMutants(method, request, compute, registry, context)
  const scan = await prepareScan(target, network, context.signal)
  let done = 0
  for await (const [{ cell }, values] of scan.run(table.mutations, context.signal)) {
    throwIfCancelled(context.signal)
    table.put(cell, values, CELL.exact)
    context.report({ phase: 'mutating', done: ++done, total: table.mutations.length })
  }
  const ran = ranWith(method, network.provider)
  await network.close()
  if (method === 'naive' || work.verify === 0) return { ranWith: ran, verified: null }
  const positions = sampleOf([...new Set(table.mutations.map(m => m.position))], work.verify, 1)
  const sample = table.mutations.filter(m => positions.includes(m.position))
  context.report({ phase: 'verifying', done: 0, total: sample.length })
  const naive = await openNaiveNetwork({ folder, json, channels, bins: plan.bins, load }, compute, registry, context)
  return { ranWith: ran, verified: await verifyCells(target, table, sample, naive, context.signal) }
}

function rows(region: Interval, target: ScanTarget, table: EffectTable) {
  const bases = regionBases(target)
  return table.mutations.map(({ cell, base }) => ({
    pos: region.start + Math.floor(cell / 4) + 1,
    ref: bases[Math.floor(cell / 4)]!,
    alt: 'ACGT'[base]!,
    values: [...table.of(cell)],
  }))
}

function tableText(region: Interval, target: ScanTarget, table: EffectTable, labels: readonly string[]): string {
  const lines = [['contig', 'pos', 'ref', 'alt', ...labels].join('\t')]
  for (const { pos, ref, alt, values } of rows(region, target, table))
    lines.push([region.contig, pos, ref, alt, ...values.map(shortest)].join('\t'))
  return `${lines.join('\n')}\n`
}
