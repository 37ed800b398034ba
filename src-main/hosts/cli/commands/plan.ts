import { availableParallelism } from 'node:os'
import { WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import type { CalibrationFacts, JobEstimate } from '../../../../src-shared/lab/plan.ts'
import { MODELS } from '../../../models/kinds.ts'
import { type ModelRegistry, modelRegistry } from '../../../models/registry.ts'
import { defaultDataDir, prepareDataDir } from '../../../services/dataDir.ts'
import { EXPERIMENT_READERS } from '../../../services/lab/experiments.ts'
import { labDataFolders } from '../../../services/lab/lab.ts'
import { availableBytes } from '../../../services/lab/memoryLimit.ts'
import { readExperiment, readLabRecipe } from '../../../services/lab/recipes.ts'
import { readModelJson } from '../../../services/models/modelFolder.ts'
import { batchSetting, largestBatch } from '../../../services/planner/largestBatch.ts'
import { createPlanner, type Planner } from '../../../services/planner/planner.ts'
import {
  type ExperimentForecast,
  experimentForecast,
  trainingRecipeCost,
} from '../../../services/planner/recipeCost.ts'
import { readRecipe } from '../../../services/training/recipe.ts'
import { type CliCommand, type CliIo, EXIT, type ParsedArgs } from '../command.ts'

export const command: CliCommand = {
  name: 'plan',
  summary: "Says what a model's job or a recipe will cost, in time and memory, before it starts.",
  usage: '--model DIR [--length N] [--batch N] [--training] [--runs N], --recipe FILE [--data DIR], or --calibrate',
  options: {
    model: { value: 'DIR', help: 'the model folder; no weight of it is read' },
    length: { value: 'N', help: 'base pairs of the window, or tokens (default: what the model is made for)' },
    batch: { value: 'N', help: 'sequences in a run (default 1)' },
    training: { help: 'a step of training, instead of a prediction' },
    runs: { value: 'N', help: 'how many windows are predicted, or steps taken (default 1)' },
    recipe: { value: 'FILE', help: 'a recipe of a training or of the lab: all of its steps, or each of its points' },
    data: { value: 'DIR', help: 'where paths in the recipe are looked for, as train and bench do' },
    device: { value: 'NAME', help: 'cpu: the only one that is planned for' },
    calibrate: { help: "measure this machine, under a minute, once; kept with the program's data" },
    busy: { help: 'with --calibrate: keep what was measured although other programs used the processor' },
  },
  notes:
    'Columns: seconds, peak memory of the computing process, free memory, whether it fits, the basis of the rates\n' +
    '(calibrated: measured on this machine; typical: those of a slow one), and the largest setting that fits.\n' +
    'Of a training all steps are planned, validation apart; its data are read, since they decide shapes. Of a recipe of the lab there is a\n' +
    "line a point, with the seconds of one visit and '-' where nothing is planned, then all visits together; fits: the largest point does.",
  async run(args, io) {
    const dataDir = defaultDataDir()
    await prepareDataDir(dataDir)
    const device = args.choice('device', ['cpu', 'auto', 'webgpu', 'cuda'], 'cpu')
    if (device === 'webgpu' || device === 'cuda') throw new WorkbenchError('unsupported', `device '${device}' is not planned for`, 'use --device cpu') // biome-ignore format: one thought
    const registry = modelRegistry(MODELS)
    const planner = createPlanner({
      dataDir,
      registry,
      threads: args.integer('threads', availableParallelism(), { min: 1, max: 1024 }),
      version: process.env['DIPLOSCOPE_VERSION'] ?? 'unknown',
    })
    if (args.flag('calibrate')) return calibrate(planner, args, io)
    const recipe = args.text('recipe')
    if (recipe === undefined) return estimate(planner, args, io)
    const other = ['model', 'length', 'batch', 'runs'].find(o => args.text(o) !== undefined) ?? (args.flag('training') ? 'training' : undefined) // biome-ignore format: one line
    if (other !== undefined) throw new WorkbenchError('wrong-usage', `--${other} means nothing beside --recipe, which says it`, "see 'diploscope plan --help'") // biome-ignore format: one thought
    return planRecipe(recipe, planner, registry, args, io)
  },
}

async function calibrate(planner: Planner, args: ParsedArgs, io: CliIo): Promise<number> {
  const facts = await planner.calibrate(io.context, { despiteLoad: args.flag('busy') })
  await io.write(args.flag('json') ? `${JSON.stringify(facts)}\n` : factsText(facts))
  return EXIT.done
}

const factsText = ({ device, threads, tookSeconds, rates }: CalibrationFacts): string =>
  [
    `${device}, ${threads} ${threads === 1 ? 'thread' : 'threads'}, measured in ${tookSeconds.toFixed(1)} s`,
    ...rates.map(({ name, value, unit }) => `${name}\t${value}\t${unit}`),
    '',
  ].join('\n')

async function estimate(planner: Planner, args: ParsedArgs, io: CliIo): Promise<number> {
  const json = await readModelJson(args.required('model'))
  const size = (name: string) => (args.text(name) === undefined ? {} : { [name]: args.integer(name, 1, { min: 1, max: 2 ** 31 - 1 }) }) // biome-ignore format: one line
  const told = await planner.estimateModel(
    {
      json,
      work: args.flag('training') ? 'training' : 'inference',
      ...size('length'),
      ...size('batch'),
      ...size('runs'),
    },
    io.context.signal,
  )
  noteBasis(told.basis, io)
  await io.write(args.flag('json') ? `${JSON.stringify({ model: json.id, ...told })}\n` : estimateText(told))
  return EXIT.done
}

function noteBasis(basis: JobEstimate['basis'], io: CliIo): void {
  if (basis === 'typical') io.note("this machine was not measured: rates of a slow one are used; 'diploscope plan --calibrate' measures it") // biome-ignore format: one thought
}

async function planRecipe(path: string, planner: Planner, registry: ModelRegistry, args: ParsedArgs, io: CliIo) {
  const data = args.text('data')
  const recipe = await readRecipe(path, data)
  const freeBytes = availableBytes()
  if (recipe.task !== 'lab') {
    const { totalSeconds: seconds, steps, peakBytes, basis, smaller } = await trainingRecipeCost(recipe, { planner, registry }, io.context) // biome-ignore format: one line
    noteBasis(basis, io)
    const fits = peakBytes <= freeBytes
    const instead = fits || !smaller ? null : batchSetting(await largestBatch(planner, smaller, freeBytes, io.context.signal)) // biome-ignore format: one thought
    const told = { seconds, peakBytes, freeBytes, fits, instead, basis }
    await io.write(
      args.flag('json') ? `${JSON.stringify({ task: recipe.task, steps, ...told })}\n` : estimateText(told),
    )
    return EXIT.done
  }
  const file = await readLabRecipe(path, labDataFolders(), data ?? null)
  const experiment = await readExperiment(file, EXPERIMENT_READERS)
  const forecast = await experimentForecast(experiment, planner, io.context)
  const basis = (await planner.calibration()) ? 'calibrated' : 'typical'
  noteBasis(basis, io)
  const fits = forecast.peakBytes === null ? null : forecast.peakBytes <= freeBytes
  const told = { task: 'lab', experiment: file.experiment, recipe: file.id, visits: experiment.visits, freeBytes, fits, basis, ...forecast } // biome-ignore format: one line
  await io.write(args.flag('json') ? `${JSON.stringify(told)}\n` : forecastText(forecast, freeBytes, fits, basis))
  return EXIT.done
}

const orNone = (value: number | null, show: (value: number) => string) => (value === null ? '-' : show(value))
const seconds = (value: number | null) => orNone(value, v => String(Number(v.toPrecision(3))))

/** A line a point, and one of all. */
function forecastText(told: ExperimentForecast, freeBytes: number, fits: boolean | null, basis: string): string {
  const names = [...new Set(told.points.flatMap(p => Object.keys(p.factors)))]
  const fitting = fits === null ? '-' : fits ? 'yes' : 'no'
  return [
    [...names, 'seconds', 'peakMB'].join('\t'),
    ...told.points.map(p => [...names.map(n => p.factors[n] ?? '-'), seconds(p.seconds), orNone(p.peakBytes, megabytes)].join('\t')), // biome-ignore format: one line
    '',
    'seconds\tpeakMB\tfreeMB\tfits\tbasis',
    [seconds(told.seconds), orNone(told.peakBytes, megabytes), megabytes(freeBytes), fitting, basis].join('\t'),
    '',
  ].join('\n')
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0)

const estimateText = ({ peakBytes, freeBytes, fits, basis, instead, ...told }: JobEstimate): string =>
  [
    'seconds\tpeakMB\tfreeMB\tfits\tbasis\tinstead',
    [seconds(told.seconds), megabytes(peakBytes), megabytes(freeBytes), fits ? 'yes' : 'no', basis, instead ?? '-'].join('\t'), // biome-ignore format: a line of the table
    '',
  ].join('\n')
