import { availableParallelism } from 'node:os'
import { createCompute } from '../../../compute/client.ts'
import { MODELS } from '../../../models/kinds.ts'
import { modelRegistry } from '../../../models/registry.ts'
import { defaultDataDir } from '../../../services/dataDir.ts'
import { createPlanner } from '../../../services/planner/planner.ts'
import { createTrainingPlan } from '../../../services/planner/trainingPlan.ts'
import { readRecipe } from '../../../services/training/recipe.ts'
import { TASKS, taskRunner } from '../../../services/training/tasks.ts'
import { type CliCommand, EXIT } from '../command.ts'

export const command: CliCommand = {
  name: 'train',
  summary: 'Trains a model from a recipe; killed and resumed it gives the same bytes.',
  usage: '--recipe FILE --out DIR [--resume] [--data DIR] [--seed N]',
  options: {
    recipe: { value: 'FILE', help: 'the recipe: network, data, split, optimiser, schedule, seed, as JSON' },
    out: {
      value: 'DIR',
      help: 'the model folder to write, with metrics.jsonl; checkpoints lie in it until it is whole',
    },
    resume: { help: 'go on at the newest checkpoint in DIR' },
    data: { value: 'DIR', help: "what paths in the recipe start from (default: the recipe's own folder)" },
    seed: { value: 'N', help: "instead of the recipe's seed" },
    device: { value: 'NAME', help: 'auto, cpu, webgpu or cuda (default cpu: the only one that repeats to the byte)' },
  },
  notes:
    `Tasks: ${Object.keys(TASKS).join(', ')}. The same recipe, data, seed, device and thread count give the same weights.safetensors, byte for byte,\n` +
    'on one machine. metrics.jsonl has a line a step, and a line a validation.',
  async run(args, io) {
    const recipe = await readRecipe(args.required('recipe'), args.text('data'))
    const out = args.required('out')
    const run = await taskRunner(recipe.task)
    const threads = args.text('threads') !== undefined ? args.integer('threads', 1, { min: 1, max: 1024 }) : undefined
    const compute = createCompute(threads !== undefined ? { threads } : {})
    const registry = modelRegistry(MODELS)
    const planner = createPlanner({
      dataDir: defaultDataDir(),
      registry,
      threads: threads ?? availableParallelism(),
      version: process.env['DIPLOSCOPE_VERSION'] ?? 'unknown',
    })
    const planned = createTrainingPlan(planner, {
      compute,
      note: line => io.note(line),
      now: Date.now,
      signal: io.context.signal,
    })
    try {
      const result = await run(
        {
          recipe,
          out,
          resume: args.flag('resume'),
          ...(args.text('seed') !== undefined ? { seed: args.integer('seed', 1, { min: 0, max: 2 ** 31 - 1 }) } : {}),
          ...(threads !== undefined ? { threads } : {}),
          device: args.choice('device', ['auto', 'cpu', 'webgpu', 'cuda'], 'cpu'),
          now: Date.now(),
        },
        { compute, registry, note: line => io.note(line), plan: planned.plan },
        io.context,
      )
      await planned.done()
      if (args.flag('json')) await io.write(`${JSON.stringify(result)}\n`)
      else
        await io.write(`${result.model}\t${result.parameters} parameters\t${result.folder}\tSHA-256 ${result.sha256}\n`)
      return EXIT.done
    } finally {
      await compute.close()
    }
  },
}
