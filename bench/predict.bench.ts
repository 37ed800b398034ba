import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCompute } from '../src-main/compute/client.ts'
import { MODELS } from '../src-main/models/kinds.ts'
import { modelRegistry } from '../src-main/models/registry.ts'
import { predict } from '../src-main/services/predict/predict.ts'
import { quietContext } from '../src-shared/job.ts'
import { memoryReference, randomBases } from '../test-support/track-model.ts'
import { writeExample } from './tracks/borzoiCase.ts'

const GFLOP = 11.5

/**
 * One window of a Borzoi-type network with random weights: in an open session (all tracks, and one), and as a whole process of the
 * command line. Arguments: `--repeats N` (9), `--threads N` (2).
 */
export async function run({ json, args, root }: { json: boolean; args: readonly string[]; root: string }) {
  const number = (name: string, otherwise: number) => {
    const at = args.indexOf(name)
    return at >= 0 ? Number(args[at + 1]) : otherwise
  }
  const [repeats, threads] = [number('--repeats', 9), number('--threads', 2)]
  const work = mkdtempSync(join(tmpdir(), 'bench-predict-'))
  const compute = createCompute({ threads, cacheFolder: join(work, 'cache') })
  try {
    const [model, fasta] = [join(work, 'model'), join(work, 'window.fa')]
    await writeExample(model)
    const bases = randomBases(131_072 + 8 * 65_536, 'bench')
    writeFileSync(fasta, `>c\n${bases}\n`)
    const reference = memoryReference({ c: bases })
    const deps = { compute, registry: modelRegistry(MODELS) }
    // The time of eight windows less that of two is six windows in an open session.
    const windows = async (end: number, tracks?: string) => {
      const begun = performance.now()
      const region = { contig: 'c', start: 32_768, end }
      const p = await predict({ model, region, threads, ...(tracks ? { tracks } : {}) }, reference, deps, quietContext()) // biome-ignore format: one thought
      if (!p.values.every(Number.isFinite)) throw new Error('a value is not a number')
      return { ms: performance.now() - begun, windows: p.windows }
    }
    const warm = async (tracks?: string) => {
      const times: number[] = []
      for (let k = 0; k < repeats; k++) {
        const [one, many] = [await windows(32_768 + 2 * 65_536, tracks), await windows(32_768 + 8 * 65_536, tracks)]
        times.push((many.ms - one.ms) / (many.windows - one.windows))
      }
      return median(times)
    }
    const whole = (device: string) => {
      const argv = ['predict', '--model', model, '--reference', fasta, '--region', 'c:32769-98304', '--out', join(work, 'o.npy'), '--device', device, '--threads', String(threads), '--quiet'] // biome-ignore format: one command
      const times: number[] = []
      for (let k = 0; k < Math.min(repeats, 5); k++) {
        const begun = performance.now()
        const p = spawnSync('node', [join(root, 'bin', 'diploscope.mjs'), ...argv], { encoding: 'utf8' })
        if (p.status !== 0) throw new Error(p.stderr)
        times.push(performance.now() - begun)
      }
      return median(times)
    }
    const all = await warm()
    const ms = { 'window, 74 tracks': all, 'window, 1 track': await warm('0'), 'whole process, cpu': whole('cpu'), 'whole process, auto': whole('auto') } // biome-ignore format: one table
    const result = { threads, repeats, ms, gflopPerSecond: GFLOP / (all / 1000) }
    if (!json) {
      for (const [name, value] of Object.entries(ms)) process.stdout.write(`${name.padEnd(22)}${value.toFixed(0)} ms\n`)
      process.stdout.write(`${result.gflopPerSecond.toFixed(0)} GFLOP/s over a window\n`)
    }
    return result
  } finally {
    await compute.close()
    rmSync(work, { recursive: true, force: true })
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? Number.NaN
}
