import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bench, Row } from './compute/measure.ts'
import { peerLibraries } from './peers/peer.ts'
import { borzoiCase } from './tracks/borzoiCase.ts'
import { enformerCase } from './tracks/enformerCase.ts'
import { LENGTHS, lengthsCase } from './tracks/lengthsCase.ts'

/**
 * Networks that predict tracks: Enformer of its published size against PyTorch in the same run, turn by turn; a Borzoi-type network;
 * and, only when it is asked for, windows up to a million base pairs. Weights are random: time and memory do not depend on them.
 * Arguments: `--only enformer,borzoi,lengths` (default the first two), `--lengths 786432,1048576`, `--repeats N` (5; lengths 1),
 * `--threads N` (2).
 */
export async function run({ json, args, root }: { json: boolean; args: readonly string[]; root: string }) {
  const text = (name: string) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined)
  const number = (name: string, otherwise: number) => Number(text(name) ?? otherwise)
  const folder = mkdtempSync(join(tmpdir(), 'bench-tracks-'))
  const bench = (repeats: number): Bench => ({
    folder,
    repeats: number('--repeats', repeats),
    threads: number('--threads', 2),
    entry: join(root, 'dist', 'compute', 'process.js'),
    peerScript: join(root, 'bench', 'peers', 'compute_peer.py'),
    peers: peerLibraries(),
    say: said => {
      if (!json) process.stdout.write(`${said}\n`)
    },
  })
  const lengths = text('--lengths')?.split(',').map(Number) ?? LENGTHS
  const cases: Readonly<Record<string, () => Promise<readonly Row[]>>> = {
    enformer: () => enformerCase(bench(5)),
    borzoi: () => borzoiCase(bench(9)),
    lengths: () => lengthsCase(bench(1), lengths),
  }
  const asked = text('--only')?.split(',') ?? ['enformer', 'borzoi']
  const unknown = asked.find(name => !(name in cases))
  if (unknown !== undefined) throw new Error(`no case '${unknown}'; there are ${Object.keys(cases).join(', ')}`)
  const { torch } = peerLibraries()
  if (!torch) bench(1).say('PyTorch is not installed here: no comparison with it (Debian: python3-torch)')
  const rows: Row[] = []
  try {
    for (const name of asked) rows.push(...(await cases[name]!()))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return rows
}
