import { availableParallelism } from 'node:os'
import { WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import type { CalibrationFacts, JobEstimate } from '../../../../src-shared/lab/plan.ts'
import { MODELS } from '../../../models/kinds.ts'
import { modelRegistry } from '../../../models/registry.ts'
import { defaultDataDir, prepareDataDir } from '../../../services/dataDir.ts'
import { readModelJson } from '../../../services/models/modelFolder.ts'
import { createPlanner, type Planner } from '../../../services/planner/planner.ts'
import { type CliCommand, type CliIo, EXIT, type ParsedArgs } from '../command.ts'

export const command: CliCommand = {
  name: 'plan',
  summary: "Says what a model's job will cost, in time and memory, before it starts.",
  usage: '--model DIR [--length N] [--batch N] [--training] [--runs N], or --calibrate',
  options: {
    model: { value: 'DIR', help: 'the model folder; no weight of it is read' },
    length: { value: 'N', help: 'base pairs of the window, or tokens (default: what the model is made for)' },
    batch: { value: 'N', help: 'sequences in a run (default 1)' },
    training: { help: 'a step of training, instead of a prediction' },
    runs: { value: 'N', help: 'how many windows are predicted, or steps taken (default 1)' },
    device: { value: 'NAME', help: 'cpu: the only one that is planned for' },
    calibrate: { help: "measure this machine, under a minute, once; kept with the program's data" },
    busy: { help: 'with --calibrate: keep what was measured although other programs used the processor' },
  },
  notes:
    'Columns: seconds, peak memory of the computing process, free memory, whether it fits, the basis of the rates\n' +
    '(calibrated: measured on this machine; typical: those of a slow one), and the largest setting that fits.',
  async run(args, io) {
    const dataDir = defaultDataDir()
    await prepareDataDir(dataDir)
    const device = args.choice('device', ['cpu', 'auto', 'webgpu', 'cuda'], 'cpu')
    if (device === 'webgpu' || device === 'cuda') throw new WorkbenchError('unsupported', `device '${device}' is not planned for`, 'use --device cpu') // biome-ignore format: one thought
    const planner = createPlanner({
      dataDir,
      registry: modelRegistry(MODELS),
      threads: args.integer('threads', availableParallelism(), { min: 1, max: 1024 }),
      version: process.env['DIPLOSCOPE_VERSION'] ?? 'unknown',
    })
    return args.flag('calibrate') ? calibrate(planner, args, io) : estimate(planner, args, io)
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
  if (told.basis === 'typical') io.note("this machine was not measured: rates of a slow one are used; 'diploscope plan --calibrate' measures it") // biome-ignore format: one thought
  await io.write(args.flag('json') ? `${JSON.stringify({ model: json.id, ...told })}\n` : estimateText(told))
  return EXIT.done
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0)

const estimateText = ({ seconds, peakBytes, freeBytes, fits, basis, instead }: JobEstimate): string =>
  [
    'seconds\tpeakMB\tfreeMB\tfits\tbasis\tinstead',
    [Number(seconds.toPrecision(3)), megabytes(peakBytes), megabytes(freeBytes), fits ? 'yes' : 'no', basis, instead ?? '-'].join('\t'), // biome-ignore format: a line of the table
    '',
  ].join('\n')
