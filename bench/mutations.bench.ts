import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCompute } from '../src-main/compute/client.ts'
import { flopsOf } from '../src-main/graph/flops.ts'
import { Graph } from '../src-main/graph/graph.ts'
import { MODELS } from '../src-main/models/kinds.ts'
import { modelRegistry } from '../src-main/models/registry.ts'
import { openExactNetwork } from '../src-main/services/mutate/exactNetwork.ts'
import { type MutantNetwork, type MutantRequest, type Mutation, openNaiveNetwork } from '../src-main/services/mutate/mutantNetwork.ts' // biome-ignore format: one line
import { quietContext } from '../src-shared/job.ts'
import { writeTrackModel } from '../test-support/track-model.ts'
import { MUTATION_CASES, type MutationCase } from './mutations/models.ts'
import { agreement, randomWeights, randomWindow } from './mutations/numbers.ts'

/**
 * Every single-base mutant of a span, by what a changed base reaches and by a full forward pass each, in the same run: rounds of
 * samples of both take turns, so that foreign load falls on both. Weights are random. Arguments: names of cases (default: those that
 * take less than a minute), `--threads N` (2), `--batch N` (mutants a run of the exact method), `--rounds N`.
 */
export async function run({ json, args }: { json: boolean; args: readonly string[]; root: string }) {
  const option = (name: string) => {
    const at = args.indexOf(name)
    return at >= 0 ? Number(args[at + 1]) : undefined
  }
  const values = new Set(['--threads', '--batch', '--rounds'].map(name => args.indexOf(name) + 1).filter(at => at > 0))
  const asked = args.filter((arg, i) => !arg.startsWith('--') && !values.has(i))
  const unknown = asked.find(name => !(name in MUTATION_CASES))
  if (unknown !== undefined)
    throw new Error(`no case '${unknown}'; there are ${Object.keys(MUTATION_CASES).join(', ')}`)
  const small = Object.keys(MUTATION_CASES).filter(name => !name.startsWith('enformer'))
  const say = (text: string) => {
    if (!json) process.stdout.write(`${text}\n`)
  }
  const rows: Row[] = []
  for (const name of asked.length > 0 ? asked : small) {
    const one = MUTATION_CASES[name]!
    const row = await measure(name, { ...one, rounds: option('--rounds') ?? one.rounds }, option('--threads') ?? 2, option('--batch'), say) // biome-ignore format: one line
    rows.push(row)
    if (json) continue
    say(`${name}: ${one.span} bp x 3, ${row.mutants} mutants`)
    for (const [key, value] of Object.entries(row))
      if (typeof value === 'number' && key !== 'mutants') say(`  ${key.padEnd(28)}${value.toPrecision(5)}`)
  }
  return rows
}

type Row = Awaited<ReturnType<typeof measure>>

async function measure(
  name: string,
  one: MutationCase,
  threads: number,
  batch: number | undefined,
  say: (text: string) => void,
) {
  const { model, span, rounds } = one
  const work = mkdtempSync(join(tmpdir(), 'bench-mutations-'))
  const compute = createCompute({ threads, cacheFolder: join(work, 'cache'), sessionLimitBytes: 12e9 })
  const registry = modelRegistry(MODELS)
  const context = quietContext()
  try {
    const folder = join(work, 'model')
    const modelJson = await writeTrackModel(folder, { ...model, weight: randomWeights })
    const request: MutantRequest = { folder, json: modelJson, channels: modelJson.tracks.map((_, i) => i), load: { threads } } // biome-ignore format: one line
    const sequence = randomWindow(model.length, name)
    const start = Math.floor((model.length - span) / 2)
    const region = { start, end: start + span }
    const mutations = Array.from({ length: span }, (_, i) => start + i).flatMap(position =>
      [0, 1, 2, 3].filter(base => sequence[4 * position + base] === 0).map(base => ({ position, base })),
    )
    const spread = (count: number, round: number) => {
      // Whole positions, far from one another, others in each round.
      const positions = Math.ceil(count / 3)
      const chosen = Array.from({ length: positions }, (_, i) =>
        Math.floor(((i + (round + 0.5) / rounds) * span) / positions),
      )
      return chosen.flatMap(p => mutations.slice(3 * p, 3 * p + 3)).slice(0, count)
    }
    const timed = async (network: MutantNetwork, some: readonly Mutation[]) => {
      const pid = (await compute.stats()).pid
      const cpu = cpuMs(pid)
      const begun = performance.now()
      const results: Float32Array[] = []
      for await (const { values } of network.run(some, context.signal)) for (const v of values) results.push(v.slice())
      const ms = performance.now() - begun
      return { ms, cpuMs: cpuMs(pid) - cpu, results }
    }
    const exact = await openExactNetwork({ ...request, ...(batch ? { batch } : {}) }, compute, registry, context)
    const naives: {
      readonly network: MutantNetwork
      readonly batch: number
      readonly times: number[]
      readonly cpu: number[]
    }[] = []
    for (const size of one.naiveBatches)
      naives.push({ network: await openNaiveNetwork({ ...request, batch: size }, compute, registry, context), batch: size, times: [], cpu: [] }) // biome-ignore format: one line
    const clock = async (work: () => Promise<unknown>) => {
      const begun = performance.now()
      await work()
      return performance.now() - begun
    }
    let reference = new Float32Array()
    const prepareMs = await clock(async () => {
      reference = (await exact.prepare(sequence, region, context.signal)).slice()
    })
    say(`${name}: grouping ${JSON.stringify(exact.grouping)}, prepared in ${prepareMs.toFixed(0)} ms`)
    for (const { network, batch: size } of naives) {
      await network.prepare(sequence, region, context.signal)
      await timed(network, mutations.slice(0, size))
    }
    // The first scan opens the sessions of every class of positions and of every place.
    const sampled = one.exactSample !== undefined
    const warm = sampled ? mutations.slice(0, 3) : mutations
    const firstMs = (await timed(exact, warm)).ms
    const exactTimes: number[] = []
    const exactCpu: number[] = []
    const effects: [Float32Array, Float32Array][] = []
    for (let round = 0; round < rounds; round++) {
      const some = spread(one.naiveSample, round)
      for (const naive of naives) {
        const { ms, cpuMs, results } = await timed(naive.network, some)
        naive.times.push(ms / some.length)
        naive.cpu.push(cpuMs / some.length)
        if (naive !== naives[0]) continue
        const mine = await timed(exact, some)
        mine.results.forEach((values, i) => {
          effects.push([values, results[i]!])
        })
      }
      const many = sampled ? neighbours(mutations, one.exactSample!, round, rounds) : mutations
      if (sampled) await timed(exact, many.slice(0, 1)) // its place is opened
      const { ms, cpuMs } = await timed(exact, many)
      exactTimes.push(ms / many.length)
      exactCpu.push(cpuMs / many.length)
      say(`  round ${round}: naive ${naives.map(n => `${n.times.at(-1)!.toFixed(2)} ms (batch ${n.batch})`).join(', ')}; exact ${exactTimes.at(-1)!.toFixed(2)} ms (cpu: ${naives.map(n => n.cpu.at(-1)!.toFixed(2)).join(', ')}; ${exactCpu.at(-1)!.toFixed(2)})`) // biome-ignore format: one line
    }
    const naive = naives.map(n => median(n.times)).reduce((a, b) => Math.min(a, b))
    const exactMs = median(exactTimes)
    const naiveCpu = naives.map(n => median(n.cpu)).reduce((a, b) => Math.min(a, b))
    const exactCpuMs = median(exactCpu)
    const whole = new Graph()
    const built = registry.configure(model.kind, model.architecture).buildForward(whole, { batch: 1 })
    const naiveFlops = flopsOf(Object.values(built))
    const { localFlops, globalFlops } = exact.grouping
    const overhead = sampled ? prepareMs + Math.max(0, firstMs - warm.length * exactMs) * placesOf(exact.grouping.period, region, exact.grouping.placed) : prepareMs // biome-ignore format: one line
    return {
      case: name,
      mutants: mutations.length,
      'naive ms': naive,
      'exact ms': exactMs,
      'speed-up': naive / exactMs,
      'naive cpu ms': naiveCpu,
      'exact cpu ms': exactCpuMs,
      'speed-up by cpu time': naiveCpu / exactCpuMs,
      'speed-up with opening': (naive * (mutations.length + 1)) / (exactMs * mutations.length + overhead),
      aim: one.aim,
      published: one.published,
      'bound by FLOP': naiveFlops / (localFlops + globalFlops),
      'naive GFLOP': naiveFlops / 1e9,
      'exact GFLOP': (localFlops + globalFlops) / 1e9,
      'naive GFLOP/s': naiveFlops / naive / 1e6,
      'exact GFLOP/s': (localFlops + globalFlops) / exactMs / 1e6,
      'prepare ms': prepareMs,
      'first ms': firstMs,
      'cached MB': exact.cachedBytes / 1e6,
      'process peak MB': (await compute.stats()).peakRssBytes / 1e6,
      ...agreement(effects, reference, exact.columns.size),
    }
  } finally {
    await compute.close()
    rmSync(work, { recursive: true, force: true })
  }
}

/** Processor time of this process and of the engine's, where the system tells (Linux: hundredths of a second): it does not grow with foreign load. */
function cpuMs(pid: number | undefined): number {
  const own = process.cpuUsage()
  const mine = (own.user + own.system) / 1000
  const path = `/proc/${pid}/stat`
  if (pid === undefined || !existsSync(path)) return mine
  const fields = readFileSync(path, 'utf8').split(') ')[1]!.split(' ')
  return mine + 10 * (Number(fields[11]) + Number(fields[12]))
}

/** Mutants of neighbouring positions, from another place each round. */
function neighbours(mutations: readonly Mutation[], count: number, round: number, rounds: number): readonly Mutation[] {
  const from = Math.min(mutations.length - count, 3 * Math.floor(((round + 0.5) * mutations.length) / rounds / 3))
  return mutations.slice(from, from + count)
}

/** Places at which the whole-sequence part is opened during a scan. */
const placesOf = (period: number, { start, end }: { start: number; end: number }, placed: boolean): number =>
  placed ? 1 : Math.floor((end - 1) / period) - Math.floor(start / period) + 1

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? Number.NaN
}
