import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { asWorkbenchError, cancelled, WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import { EXPERIMENTS } from '../../../../src-shared/lab/result.ts'
import { MODELS } from '../../../models/kinds.ts'
import { modelRegistry } from '../../../models/registry.ts'
import { readWholeText } from '../../../readers/wholeFile.ts'
import { defaultDataDir, prepareDataDir } from '../../../services/dataDir.ts'
import { chosenRecipe, recipeList } from '../../../services/lab/chosenRecipe.ts'
import { exportResult, resultTable } from '../../../services/lab/exportResult.ts'
import type { Lab } from '../../../services/lab/lab.ts'
import { createProgramLab } from '../../../services/lab/programLab.ts'
import { resultText } from '../../../services/lab/resultText.ts'
import { createPlanner, type Planner } from '../../../services/planner/planner.ts'
import { type CliCommand, type CliIo, EXIT, type ParsedArgs } from '../command.ts'
import { checkOut } from '../outOption.ts'
import { programRoot, shippedRecipesDir } from '../programRoot.ts'

const MAX_IMPORT_BYTES = 64 * 1024 ** 2
const LAB_OPTIONS = ['recipe', 'data', 'out'] as const

export const command: CliCommand = {
  name: 'bench',
  summary: 'Runs an experiment of the lab, or a benchmark of the clone, and names the machine.',
  usage: 'NAME [--recipe FILE-OR-ID] [--resume] [--json] [--out FILE] | [NAME] --list [--json] | --import FILE',
  options: {
    recipe: { value: 'FILE-OR-ID', help: 'of an experiment: a file, or a recipe of the program (default: the first that can run here)' },
    list: { help: 'the recipes of the experiment NAME, or of all, with their points and how long they will take; all of them take a minute to plan, once' },
    resume: { help: 'go on with the newest unfinished result of the recipe' },
    data: { value: 'DIR', help: "where paths in the recipe are looked for after the recipe's own folder" },
    import: { value: 'FILE', help: 'add a result of another machine to the kept ones' },
    out: { value: 'FILE', help: 'also write the result: a name that ends with .tsv gives a row a point, any other the JSON' },
    repeats: { value: 'N', help: 'repetitions of a benchmark (default: the benchmark’s own)' },
  }, // biome-ignore format: one option a line
  notes:
    `Experiments: ${EXPERIMENTS.join(', ')}. Their results are kept with those of the window (DIPLOSCOPE_DATA_DIR) and can be gone on with.\n` +
    'DIPLOSCOPE_DATA: a folder where data of recipes are looked for. Without a NAME, lists recipes and benchmarks. Peers of benchmarks come from\n' +
    'Debian: samtools, python3-pysam, python3-torch, python3-numpy, chromium.',
  async run(args, io) {
    const [name, ...more] = args.positionals
    const experiment = EXPERIMENTS.find(e => e === name)
    const file = args.text('import')
    if (args.flag('list')) return listRecipes(args, io)
    if (name === undefined) {
      const { lab } = await openLab(args, io)
      return file === undefined ? list(lab, io) : importResult(lab, file, io)
    }
    if (!experiment) return runScript(args, io)
    if (more.length > 0) throw new WorkbenchError('wrong-usage', `one NAME is expected, got ${args.positionals.length}`, "see 'diploscope bench --help'") // biome-ignore format: one thought
    for (const option of ['repeats', 'import']) if (args.text(option) !== undefined) throw new WorkbenchError('wrong-usage', `--${option} means nothing to an experiment`, "see 'diploscope bench --help'") // biome-ignore format: one thought
    await checkOut(args)
    const { lab, planner } = await openLab(args, io)
    const recipe = await chosenRecipe(lab, experiment, args.text('recipe'), args.text('data'), io.context.signal)
    const unfinished = args.flag('resume') ? await lab.unfinished(recipe) : undefined
    if (args.flag('resume') && unfinished === undefined) throw new WorkbenchError('not-found', `there is no unfinished result of the recipe '${recipe.id}'`, 'leave --resume out') // biome-ignore format: one thought
    const run = await (unfinished === undefined ? lab.begin(recipe) : lab.resume(unfinished))
    io.note(`${recipe.name}: ${recipe.summary}`)
    if (!(await planner.calibration()))
      io.note("no predictions: 'diploscope plan --calibrate' measures this machine first, under a minute")
    try {
      const result = await run.go(io.context, (_, point) => {
        if (point) io.note(`${Object.values(point.factors).join(' ')}: ${point.reason === null ? point.state : `${point.state}: ${point.reason}`}`) // biome-ignore format: one thought
      })
      const { text: json } = exportResult(result, 'json')
      const out = args.text('out')
      if (out !== undefined) await io.output(out, write => write(out.endsWith('.tsv') ? resultTable(result) : json))
      await io.write(args.flag('json') ? `${JSON.stringify(result)}\n` : resultText(result))
      if (result.state !== 'done') io.note(`not all was measured, for lack of time or of memory that others had: 'diploscope bench ${experiment} --recipe ${args.text('recipe') ?? recipe.id} --resume' goes on`) // biome-ignore format: one thought
      return result.points.length > 0 && result.points.every(p => p.state === 'failed') ? EXIT.fault : EXIT.done
    } catch (error) {
      if (io.context.signal.aborted)
        io.note(
          `what was measured is kept: 'diploscope bench ${experiment} --recipe ${args.text('recipe') ?? recipe.id} --resume' goes on`,
        )
      throw error
    } finally {
      await run.close()
    }
  },
}

async function openLab(args: ParsedArgs, io: CliIo): Promise<{ readonly lab: Lab; readonly planner: Planner }> {
  const dataDir = defaultDataDir()
  await prepareDataDir(dataDir)
  const shared = {
    dataDir,
    registry: modelRegistry(MODELS),
    threads: args.integer('threads', availableParallelism(), { min: 1, max: 1024 }),
    version: process.env['DIPLOSCOPE_VERSION'] ?? 'unknown',
    now: Date.now,
  }
  const planner = createPlanner(shared)
  const lab = createProgramLab({
    ...shared,
    recipesDir: shippedRecipesDir(),
    planner,
    fault: error => io.note(`diploscope: ${asWorkbenchError(error).code}: ${asWorkbenchError(error).message}`),
  })
  return { lab, planner }
}

async function list(lab: Lab, io: CliIo): Promise<number> {
  await io.write(recipeList(await lab.recipes(io.context.signal)))
  if (benchScript() === undefined) return EXIT.done
  // The script lists its own, on stderr, and says with its exit code that it ran none.
  await spawned([], io)
  return EXIT.done
}

async function listRecipes(args: ParsedArgs, io: CliIo): Promise<number> {
  const [name, ...more] = args.positionals
  const experiment = EXPERIMENTS.find(e => e === name)
  if (more.length > 0) throw new WorkbenchError('wrong-usage', `one NAME is expected, got ${args.positionals.length}`, "see 'diploscope bench --help'") // biome-ignore format: one thought
  if (name !== undefined && !experiment) throw new WorkbenchError('wrong-usage', `'${name}' is no experiment of the lab`, `use one of ${EXPERIMENTS.join(', ')}`) // biome-ignore format: one thought
  for (const option of [...LAB_OPTIONS, 'import', 'repeats']) if (args.text(option) !== undefined) throw new WorkbenchError('wrong-usage', `--${option} means nothing to --list`, "see 'diploscope bench --help'") // biome-ignore format: one thought
  if (args.flag('resume')) throw new WorkbenchError('wrong-usage', '--resume means nothing to --list', "see 'diploscope bench --help'") // biome-ignore format: one thought
  const { lab } = await openLab(args, io)
  const recipes = await lab.recipes(io.context.signal, experiment, io.context)
  await io.write(args.flag('json') ? `${JSON.stringify(recipes)}\n` : recipeList(recipes))
  return EXIT.done
}

async function importResult(lab: Lab, path: string, io: CliIo): Promise<number> {
  const result = await lab.import(path, await readWholeText(path, MAX_IMPORT_BYTES))
  await io.write(`${result.id}\t${result.experiment}\t${result.recipe.name}\t${result.machine.processor}\t${result.points.length} points\n`) // biome-ignore format: one thought
  return EXIT.done
}

/** `scripts/bench.mjs` of the clone that this file was built in; undefined in a package, which carries no benchmarks. */
function benchScript(): string | undefined {
  const script = join(programRoot(), 'scripts', 'bench.mjs')
  return existsSync(script) ? script : undefined
}

async function runScript(args: ParsedArgs, io: CliIo): Promise<number> {
  for (const option of [...LAB_OPTIONS, 'import']) if (args.text(option) !== undefined) throw new WorkbenchError('wrong-usage', `--${option} is for experiments of the lab: ${EXPERIMENTS.join(', ')}`, "see 'diploscope bench --help'") // biome-ignore format: one thought
  if (benchScript() === undefined)
    throw new WorkbenchError(
      'unsupported',
      `'${args.positionals[0]}' is no experiment of the lab, and benchmarks are not part of a packaged program`,
      `use one of ${EXPERIMENTS.join(', ')}, or run this in a clone of the project`,
    )
  const repeats = args.text('repeats')
  return spawned([...args.positionals, ...(args.flag('json') ? ['--json'] : []), ...(repeats ? ['--repeats', repeats] : [])], io) // biome-ignore format: one thought
}

async function spawned(argv: readonly string[], io: CliIo): Promise<number> {
  const child = spawn(process.execPath, [benchScript()!, ...argv], { stdio: ['ignore', 'inherit', 'inherit'] })
  io.context.signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true })
  const code = await new Promise<number>(done => child.once('exit', status => done(status ?? EXIT.fault)))
  if (io.context.signal.aborted) throw cancelled()
  return code
}
