import { chooseTracks } from '../../../analyses/chooseTracks.ts'
import { windowGeometry } from '../../../analyses/predict.ts'
import { fieldPasses, fieldPositions, fieldSequences } from '../../../analyses/receptiveField.ts'
import { createCompute } from '../../../compute/client.ts'
import { MODELS } from '../../../models/kinds.ts'
import { modelRegistry } from '../../../models/registry.ts'
import type { Reference } from '../../../readers/reference.ts'
import { readModelJson } from '../../../services/models/modelFolder.ts'
import { verifyWeights } from '../../../services/models/verifyWeights.ts'
import { fieldJson, measureField } from '../../../services/mutate/fieldRun.ts'
import { type CliCommand, EXIT } from '../command.ts'
import { planCommand } from '../commandPlan.ts'
import { checkOut } from '../outOption.ts'
import { openWithIndex } from '../referenceOption.ts'

export const command: CliCommand = {
  name: 'receptive-field',
  summary: 'How far a changed base reaches in a model: measured, and by its structure.',
  usage: '--model DIR [--compare DIR2] [--protocol default|seed] [--sequences N] --out FILE.json',
  options: {
    model: { value: 'DIR', help: 'the model folder' },
    compare: { value: 'DIR', help: 'a second model, measured on the same sequences where its window is as long' },
    protocol: {
      value: 'NAME',
      help: 'default: every sequence is mutated at all 9 positions; seed: fresh sequences for each, bases moved on by 1 or 2, as published',
    },
    sequences: { value: 'N', help: 'sequences in all (default) or a position (seed); default 100' },
    seed: { value: 'N', help: 'of the random numbers (default 1)' },
    reference: { value: 'FASTA', help: 'real sequence from here, in place of random bases' },
    tracks: { value: 'LIST', help: "tracks that are averaged (default: all of the model's first head)" },
    device: { value: 'NAME', help: 'auto, cpu, webgpu or cuda (default auto)' },
  },
  notes:
    'FILE.json holds positions (0-based in the window), effect [positions][bins] (mean |change|), medians, control (the same with no base\n' +
    'changed), reachable (1 where the structure lets a change arrive) and reached (1 where the effect is above ten times the control and\n' +
    'above rounding). Bin 0 is the first that the model answers for: firstBin counts from the start of the window. With --compare the\n' +
    "second model's document is in compare.",
  async run(args, io) {
    const protocol = args.choice('protocol', ['default', 'seed'], 'default')
    const shared = {
      protocol,
      sequences: args.integer('sequences', 100, { min: 1, max: 1_000_000 }),
      seed: args.integer('seed', 1, { min: 0, max: 2 ** 32 - 1 }),
      load: {
        device: args.choice('device', ['auto', 'cpu', 'webgpu', 'cuda'], 'auto'),
        ...(args.text('threads') ? { threads: args.integer('threads', 1, { min: 1, max: 1024 }) } : {}),
      },
    }
    const folders = [args.required('model'), ...(args.text('compare') === undefined ? [] : [args.required('compare')])]
    const models = await Promise.all(folders.map(async folder => ({ folder, json: await readModelJson(folder) })))
    await checkOut(args)
    for (const { folder, json } of models) await verifyWeights(folder, json, io.context)
    const tracks = args.text('tracks')
    const runs = models.map(m => ({ ...m, ...(tracks === undefined ? {} : { channels: chooseTracks(tracks, m.json.tracks) }) })) // biome-ignore format: one line
    const fasta = args.text('reference')
    const reference: Reference | undefined = fasta === undefined ? undefined : await openWithIndex(fasta, io)
    const compute = createCompute(shared.load.threads ? { threads: shared.load.threads } : {})
    try {
      const passes = ({ json }: (typeof runs)[number]) => fieldPasses(fieldSequences(protocol, fieldPositions(windowGeometry(json).windowBp), shared.sequences, shared.seed)) // biome-ignore format: one line
      const plan = await planCommand(runs.map(r => ({ json: r.json, passes: passes(r) })), { io, compute, ...shared.load }) // biome-ignore format: one line
      const documents: Record<string, unknown>[] = []
      for (const run of runs) {
        const field = await measureField({ ...shared, ...run, ...(reference ? { reference } : {}) }, compute, modelRegistry(MODELS), io.context) // biome-ignore format: one call
        documents.push(fieldJson(field))
        io.note(`${field.model.id}: ${field.device}; control at most ${field.control.maximum.toExponential(1)}`)
        for (const [p, position] of field.positions.entries()) {
          const count = (of: Uint8Array) => of.subarray(p * field.bins, (p + 1) * field.bins).reduce((a, b) => a + b, 0)
          io.note(`  base ${(position + 1).toLocaleString('en-US')}: median ${field.medians[p]!.toExponential(1)}, ${count(field.reached)} of ${field.bins} bins reached, ${count(field.reachable)} reachable`) // biome-ignore format: one line
        }
      }
      await plan.done()
      const [first, second] = documents
      const text = `${JSON.stringify(second ? { ...first, compare: second } : first)}\n`
      await io.output(args.text('out'), write => write(text))
      if (args.flag('json') && args.text('out') !== undefined) await io.write(text)
      return EXIT.done
    } finally {
      await compute.close()
      await reference?.close()
    }
  },
}
