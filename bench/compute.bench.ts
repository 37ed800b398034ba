import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compileCase } from './compute/compileCase.ts'
import { convolutionCase, matmulCase } from './compute/denseCases.ts'
import { encoderCase } from './compute/encoderCases.ts'
import type { Bench, Row } from './compute/measure.ts'
import { sparseCases } from './compute/sparseCases.ts'
import { peerLibraries } from './peers/peer.ts'

/**
 * The engine on this machine against PyTorch and numpy in the same run: each repetition takes ours, then the peer's, so that
 * foreign load falls on both. Weights and inputs are the same arrays, and results are compared before anything is timed.
 * Arguments: names of cases (all when none), `--repeats N` (9), `--threads N` (2).
 */
export async function run({ json, args, root }: { json: boolean; args: readonly string[]; root: string }) {
  const option = (name: string, otherwise: number) => {
    const at = args.indexOf(name)
    return at >= 0 ? Number(args[at + 1]) : otherwise
  }
  const folder = mkdtempSync(join(tmpdir(), 'diploscope-bench-'))
  const bench: Bench = {
    folder,
    repeats: option('--repeats', 9),
    threads: option('--threads', 2),
    entry: join(root, 'dist', 'compute', 'process.js'),
    peerScript: join(root, 'bench', 'peers', 'compute_peer.py'),
    peers: peerLibraries(),
    say: text => {
      if (!json) process.stdout.write(`${text}\n`)
    },
  }
  const cases: Readonly<Record<string, () => Promise<readonly Row[]>>> = {
    matmul: () => matmulCase(bench),
    convolution: () => convolutionCase(bench),
    forward: () => encoderCase(bench, 'forward'),
    training: () => encoderCase(bench, 'training'),
    layer: () => encoderCase(bench, 'layer'),
    sparse: () => sparseCases(bench),
    compile: () => compileCase(bench),
  }
  const values = new Set(['--repeats', '--threads'].map(name => args.indexOf(name) + 1).filter(at => at > 0))
  const asked = args.filter((arg, i) => !arg.startsWith('--') && !values.has(i))
  const unknown = asked.find(name => !(name in cases))
  if (unknown !== undefined) throw new Error(`no case '${unknown}'; there are ${Object.keys(cases).join(', ')}`)
  if (!bench.peers.torch) bench.say('PyTorch is not installed here: no comparison with it (Debian: python3-torch)')
  if (!bench.peers.numpy) bench.say('numpy is not installed here: no comparison with it (Debian: python3-numpy)')
  const rows: Row[] = []
  try {
    for (const [name, measure] of Object.entries(cases))
      if (asked.length === 0 || asked.includes(name)) rows.push(...(await measure()))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return rows
}
