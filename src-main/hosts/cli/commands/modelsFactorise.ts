import { WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import type { CompressionMethod, LayerChoice } from '../../../../src-shared/lab/compression.ts'
import { choicesOfPart, errorOfRank, LAYER_PARTS, rankOfEnergy } from '../../../../src-shared/lab/compression.ts'
import { createCompute } from '../../../compute/client.ts'
import { parseBoundedJson } from '../../../models/checkpoints/boundedJson.ts'
import { denseForm } from '../../../models/lowRank/layerMaps.ts'
import type { ModelRegistry } from '../../../models/registry.ts'
import { readWholeText } from '../../../readers/wholeFile.ts'
import { makeCompression } from '../../../services/lab/compression/makeCompression.ts'
import { reportTsv } from '../../../services/lab/compression/reportTsv.ts'
import { factoriseModel, HERE, modelSpectra } from '../../../services/models/factoriseModel.ts'
import { readModelJson } from '../../../services/models/modelFolder.ts'
import { readRecipe } from '../../../services/training/recipe.ts'
import { type CliIo, EXIT, type ParsedArgs } from '../command.ts'

/** `snmf` is what others call semi-NMF. */
const METHODS = ['svd', 'semi-nmf', 'snmf', 'nmf'] as const

/** Shares of the energy for which a listing of spectra gives ranks. */
const SHARES = [0.8, 0.9, 0.95, 0.99] as const

/** `models factorise`: a smaller model folder, and what each layer lost. */
export async function factoriseCommand(
  folder: string,
  args: ParsedArgs,
  io: CliIo,
  registry: ModelRegistry,
): Promise<number> {
  const [byRank, byEnergy, file] = [args.text('rank') !== undefined, args.text('energy') !== undefined, args.text('ranks')] // biome-ignore format: one line
  if (byRank ? byEnergy || file !== undefined : !byEnergy && file === undefined) throw new WorkbenchError('wrong-usage', 'factorise needs --rank, or --energy, --ranks or both', 'give one rank for all layers, or a share of the energy and ranks of single layers') // biome-ignore format: one thought
  const asked = args.choice('method', METHODS, 'svd')
  const method: CompressionMethod = asked === 'snmf' ? 'semi-nmf' : asked
  const out = args.required('out')
  const [seed, now, replace] = [args.integer('seed', 1), Date.now(), args.flag('replace')]
  const keptEnergy = byEnergy ? args.number('energy', 1, { min: 0, max: 1 }) : null
  const part = args.choice('layers', LAYER_PARTS, 'all')
  if (byRank && part !== 'all') throw new WorkbenchError('wrong-usage', '--layers goes with --energy', 'give the ranks of single layers in a file') // biome-ignore format: one thought
  const own = file === undefined ? {} : await readRanks(file)
  const names = denseForm(await readModelJson(folder), registry).maps.map(m => m.name)
  const layers = choicesOfPart(names, part, own)
  if (args.flag('measure')) {
    if (byRank)
      throw new WorkbenchError('wrong-usage', '--measure goes with --energy or --ranks', 'give the ranks in a file')
    const recipe = args.text('recipe')
    const report = await makeCompression(
      { id: 'cli', folder, out, choice: { method, keptEnergy, layers }, now, replace, seed, ...(recipe === undefined ? {} : { recipe: await readRecipe(recipe, args.text('data')) }) }, // biome-ignore format: one thought
      { registry, factoriser: HERE, compute: async () => createCompute(threadsOf(args)), ...threadsOf(args) },
      io.context,
    )
    await io.write(args.flag('json') ? `${JSON.stringify({ folder: out, ...report })}\n` : reportTsv(report))
    return EXIT.done
  }
  const {
    json,
    layers: done,
    kept,
  } = await factoriseModel(
    { folder, out, method, choice: byRank ? { rank: args.integer('rank', 1, { min: 1 }) } : { keptEnergy, layers }, seed, now, replace }, // biome-ignore format: one thought
    registry,
    io.context,
  )
  if (args.flag('json')) {
    const whole = kept.map(({ name, why }) => ({ name, why }))
    await io.write(`${JSON.stringify({ folder: out, id: json.id, kind: json.kind, parameters: json.weights.parameters, layers: done, kept: whole })}\n`) // biome-ignore format: one line of output
  } else
    await io.write(
      [
        'layer\trank\trelative_error\tkept_energy\tparameters_before\tparameters_after\n',
        ...done.map(
          l =>
            `${l.name}\t${l.rank}\t${l.relativeError.toPrecision(6)}\t${l.keptEnergy.toPrecision(6)}\t${l.parametersBefore}\t${l.parametersAfter}\n`,
        ),
        ...kept.flatMap(l => (l.why ? [`# ${l.name} stays as it is: ${l.why}\n`] : [])),
      ].join(''),
    )
  return EXIT.done
}

function threadsOf(args: ParsedArgs): { readonly threads?: number } {
  return args.text('threads') === undefined ? {} : { threads: args.integer('threads', 1, { min: 1, max: 1024 }) }
}

/** `models spectra`: the layers of a model by the names that --ranks takes, with the ranks that shares of their energy need. */
export async function spectraCommand(
  folder: string,
  args: ParsedArgs,
  io: CliIo,
  registry: ModelRegistry,
): Promise<number> {
  const spectra = await modelSpectra(folder, registry, io.context)
  if (args.flag('json')) {
    const layers = spectra.layers.map(l => ({ ...l, values: Array.from(l.values) }))
    await io.write(`${JSON.stringify({ ...spectra, layers })}\n`)
    return EXIT.done
  }
  const header = ['layer', 'out', 'inputs', 'kernel', 'effective_rank', 'largest_rank', ...SHARES.map(s => `rank_${100 * s}%`), 'error_at_half_rank'] // biome-ignore format: one line
  const rows = spectra.layers.map(l => [
    l.name,
    l.out,
    l.inputs,
    l.kernel,
    l.effectiveRank.toFixed(2),
    l.largestRank,
    ...SHARES.map(s => rankOfEnergy(l.values, s)),
    errorOfRank(l.values, Math.ceil(l.values.length / 2)).toPrecision(4),
  ])
  await io.write([header, ...rows].map(r => `${r.join('\t')}\n`).join(''))
  return EXIT.done
}

/**
 * Ranks of single layers: a JSON object of layer names with a rank (whole number from 1), a share of the energy (below 1) or "whole"; or lines
 * of a name and such a value, separated by white space.
 */
async function readRanks(path: string): Promise<Readonly<Record<string, LayerChoice>>> {
  const text = await readWholeText(path)
  const bad = (what: string) => new WorkbenchError('bad-input', `'${path}': ${what}`, 'give a rank, a share of the energy below 1, or "whole" for each layer; `models spectra` lists the names') // biome-ignore format: one thought
  const entries: (readonly [string, unknown])[] = []
  if (/^\s*\{/.test(text)) {
    try {
      entries.push(...Object.entries(parseBoundedJson(text, { depth: 2, values: 100_000 }) as Record<string, unknown>))
    } catch {
      throw bad('it cannot be read as JSON')
    }
  } else
    for (const [i, line] of text.split('\n').entries()) {
      const [name, value, ...more] = line.trim().split(/\s+/)
      if (!name || name.startsWith('#')) continue
      if (value === undefined || more.length > 0) throw bad(`line ${i + 1} is not a name and a value`)
      entries.push([name, Number.isNaN(Number(value)) ? value : Number(value)])
    }
  if (entries.length === 0) throw bad('it names no layer')
  return Object.fromEntries(
    entries.map(([name, value]): [string, LayerChoice] => {
      if (value === 'whole') return [name, { keep: true }]
      if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return [name, { rank: value }]
      if (typeof value === 'number' && value > 0 && value < 1) return [name, { keptEnergy: value }]
      throw bad(`'${name.slice(0, 80)}' is ${JSON.stringify(value)?.slice(0, 40)}`)
    }),
  )
}
