import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, openSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TABLE_HEADER, TableWriter } from '../src-main/domain/pileup/table.ts'
import { openAlignments } from '../src-main/readers/alignments.ts'
import { buildIndex } from '../src-main/readers/indexBuilder.ts'
import { countRegion } from '../src-main/workers/pileupRun.ts'
import { PILEUP_DEFAULTS } from '../src-shared/genome/pileup.ts'
import { quietContext } from '../src-shared/job.ts'
import { CONTIG, FIRST, FLANK, simulatePairs } from './pileup/simulate.ts'

const SPAN = 200_000
const DEPTHS = [30, 200]

interface Row {
  readonly depth: number
  /** Rows of the table, so that nobody compares the speed of different work. */
  readonly columns: number
  /** Median of each, in ms; absent where the peer is not installed. */
  readonly ms: Readonly<Record<string, number>>
  /** Median over the runs of own time by the peer's time in the same round. */
  readonly ratios: Readonly<Record<string, number>>
  /** Whether pysam printed the very same table. */
  readonly equalsPysam?: boolean
}

/**
 * The pileup of 200 kb at 30x and 200x: the whole process, and in this process, against `samtools mpileup -B` and pysam where they are
 * installed. Rounds are interleaved, so that foreign load falls on all. Arguments: `--repeats N` (7).
 */
export async function run({ json, args, root }: { json: boolean; args: readonly string[]; root: string }) {
  const asked = args.indexOf('--repeats')
  const repeats = asked >= 0 ? Number(args[asked + 1]) : 7
  const python = ['/usr/bin/python3', 'python3'].find(p => spawnSync(p, ['-c', 'import pysam']).status === 0)
  const samtools = spawnSync('samtools', ['--version']).status === 0
  const nothing = openSync(process.platform === 'win32' ? 'NUL' : '/dev/null', 'w')
  const timed = (command: readonly string[]) => {
    const begun = performance.now()
    const done = spawnSync(command[0]!, command.slice(1), { stdio: ['ignore', nothing, nothing] })
    if (done.status !== 0) throw new Error(`${command.join(' ')}: exit ${done.status}`)
    return performance.now() - begun
  }
  const region = { contig: CONTIG.name, start: FIRST + FLANK, end: FIRST + FLANK + SPAN }
  const text = `${region.contig}:${region.start + 1}-${region.end}`
  const rows: Row[] = []
  for (const depth of DEPTHS) {
    const path = await simulated(join(root, 'dist', 'bench'), depth)
    const own = ['node', join(root, 'bin', 'diploscope.mjs'), 'pileup', path, '--region', text, '--quiet']
    const pysam = python && [python, join(root, 'bench', 'peers', 'pysam_pileup.py'), path, region.contig, String(region.start), String(region.end)] // biome-ignore format: one line
    const table = execFileSync(own[0]!, own.slice(1), { maxBuffer: 1 << 28 })
    const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
    const equal = pysam ? digest(execFileSync(pysam[0]!, pysam.slice(1), { maxBuffer: 1 << 28 })) === digest(table) : undefined // biome-ignore format: one line
    const times: Record<string, number[]> = { process: [], 'in process': [] }
    if (samtools) times['samtools'] = []
    if (pysam) times['pysam'] = []
    for (let k = 0; k < repeats; k++) {
      times['process']!.push(timed(own))
      times['in process']!.push(await inProcess(path, region))
      times['samtools']?.push(timed(['samtools', 'mpileup', '-B', '-r', text, path]))
      if (pysam) times['pysam']!.push(timed(pysam))
    }
    const ratios: Record<string, number> = {}
    for (const mine of ['process', 'in process'])
      for (const peer of ['samtools', 'pysam'])
        if (times[peer]) ratios[`${mine} / ${peer}`] = median(times[mine]!.map((t, k) => t / times[peer]![k]!))
    const ms = Object.fromEntries(Object.entries(times).map(([name, list]) => [name, median(list)]))
    const columns = table.toString().split('\n').length - 2
    rows.push({ depth, columns, ms, ratios, ...(equal === undefined ? {} : { equalsPysam: equal }) })
    if (!json) {
      const shown = (r: Record<string, number>, digits: number) =>
        Object.entries(r).map(([name, value]) => `${name} ${value.toFixed(digits)}`).join(', ') // biome-ignore format: one line
      process.stdout.write(
        `${depth}x, ${columns} columns${equal === undefined ? '' : equal ? ', equal to pysam' : ', NOT EQUAL to pysam'}\n`,
      )
      process.stdout.write(`  ms: ${shown(ms, 0)}\n  ratios: ${shown(ratios, 2)}\n`)
    }
  }
  return rows
}

async function inProcess(path: string, region: { contig: string; start: number; end: number }): Promise<number> {
  const begun = performance.now()
  const file = await openAlignments(path)
  let bytes = TABLE_HEADER.length
  const table = new TableWriter(region.contig, text => {
    bytes += text.length
  })
  await countRegion(file, region, PILEUP_DEFAULTS, quietContext(), table, () => {})
  table.flush()
  await file.close()
  if (bytes < 1000) throw new Error('nothing was counted')
  return performance.now() - begun
}

/** The simulated file, made once. */
async function simulated(folder: string, depth: number): Promise<string> {
  const path = join(folder, `pairs-${SPAN}-${depth}x.bam`)
  if (existsSync(`${path}.bai`)) return path
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${path}.part`, simulatePairs(SPAN, depth))
  renameSync(`${path}.part`, path)
  await buildIndex(path, { force: true }, quietContext())
  return path
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? Number.NaN
}
