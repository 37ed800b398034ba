import { join } from 'node:path'
import { WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import { MODELS } from '../../../models/kinds.ts'
import { modelRegistry } from '../../../models/registry.ts'
import { defaultDataDir } from '../../../services/dataDir.ts'
import { checkModel } from '../../../services/models/checkModel.ts'
import { exportOnnx } from '../../../services/models/exportOnnx.ts'
import { IMPORTERS, importModel } from '../../../services/models/importModel.ts'
import { listModels } from '../../../services/models/listModels.ts'
import { inspectSavedModel, isSavedModel } from '../../../services/models/savedModel.ts'
import { type CliCommand, type CliIo, EXIT, type ParsedArgs } from '../command.ts'
import { factoriseCommand, spectraCommand } from './modelsFactorise.ts'

const ACTIONS = {
  list,
  import: importOne,
  export: exportOne,
  check,
  factorise: (rest: readonly string[], args: ParsedArgs, io: CliIo) =>
    factoriseCommand(operand(rest, 'DIR'), args, io, registry()),
  spectra: (rest: readonly string[], args: ParsedArgs, io: CliIo) =>
    spectraCommand(operand(rest, 'DIR'), args, io, registry()),
} as const

export const command: CliCommand = {
  name: 'models',
  summary: 'Lists, imports, exports, checks and factorises model folders.',
  usage:
    'list [FOLDER…] | import SOURCE --from FORMAT --out DIR | export DIR --onnx FILE | check DIR | spectra DIR | factorise DIR --rank N --out DIR',
  options: {
    from: { value: 'FORMAT', help: `import: ${Object.keys(IMPORTERS).join(', ')}` },
    config: {
      value: 'FILE',
      help: 'import: model.json (config.json of hf-enformer, params.json of baskerville), when it does not lie beside the source',
    },
    targets: { value: 'HEAD=FILE', help: 'import: track tables, comma-separated (human=targets_human.txt.gz,mouse=…)' },
    tokenizer: { value: 'FILE', help: 'import: the tokenizer of a model of tokens' },
    length: {
      value: 'N',
      help: 'import: window in base pairs; export: base pairs or tokens (default: those of the model)',
    },
    genome: {
      value: 'NAME',
      help: 'import: assembly that the model was trained on (GRCh38), where the source does not say',
    },
    batch: { value: 'N', help: 'export: windows a run (default 1)' },
    onnx: { value: 'FILE', help: 'export: the ONNX file to write' },
    rank: { value: 'N', help: 'factorise: one rank for every layer' },
    energy: {
      value: 'SHARE',
      help: 'factorise: instead of a rank, the share of σ² that every layer keeps (0.9); a layer that would not become smaller stays',
    },
    ranks: {
      value: 'FILE',
      help: 'factorise: layers with a rank, a share or "whole" each (JSON, or a line a layer); the others by --energy, or as they are',
    },
    layers: {
      value: 'WHICH',
      help: 'factorise: all, transformer (attention and feed-forward alone) or other (default all)',
    },
    method: { value: 'NAME', help: 'factorise: svd, semi-nmf (snmf) or nmf (default svd)' },
    seed: { value: 'N', help: 'factorise: start of nmf and semi-nmf (default 1)' },
    measure: { help: 'factorise: measure size, speed and change of predictions, and report both models' },
    recipe: { value: 'FILE', help: 'factorise --measure: experiments that both models are judged on' },
    data: { value: 'DIR', help: 'factorise --measure: what paths in the recipe start from' },
    tensorflow: {
      value: 'DIR',
      help: 'check a SavedModel: where @tensorflow/tfjs-node-gpu is installed (an optional package, not part of this program)',
    },
    node: { value: 'FILE', help: 'check a SavedModel: a Node 20 or 22 that can load that package (default: this one)' },
    replace: { help: 'import, factorise: replace the folder when it exists' },
  },
  notes: `Formats to import from:\n${Object.entries(IMPORTERS)
    .map(([name, i]) => `  ${name.padEnd(14)}${i.summary}`)
    .join('\n')}\nNothing in a checkpoint is ever run: pickles are read by an allow-list.`,
  async run(args, io) {
    const [action, ...rest] = args.positionals
    const work =
      action !== undefined && Object.hasOwn(ACTIONS, action) ? ACTIONS[action as keyof typeof ACTIONS] : undefined
    if (!work) throw new WorkbenchError('wrong-usage', action === undefined ? 'models needs to be told what to do' : `'${action.slice(0, 40)}' is not something that models does`, 'use list, import, export, check, spectra or factorise') // biome-ignore format: one thought
    return work(rest, args, io)
  },
}

const registry = () => modelRegistry(MODELS)

/** The one operand after the action. */
function operand(rest: readonly string[], what: string): string {
  const [first, second] = rest
  if (first === undefined)
    throw new WorkbenchError('wrong-usage', `${what} is missing`, "see 'diploscope models --help'")
  if (second !== undefined) throw new WorkbenchError('wrong-usage', `one ${what} is expected, got ${rest.length}`, "see 'diploscope models --help'") // biome-ignore format: one thought
  return first
}

async function list(rest: readonly string[], args: ParsedArgs, io: CliIo): Promise<number> {
  const roots = rest.length ? rest : [join(defaultDataDir(), 'models')]
  const models = await listModels(roots, { strict: rest.length > 0 })
  if (args.flag('json')) {
    await io.write(`${JSON.stringify(models)}\n`)
    return EXIT.done
  }
  const rows = models.map(m => [
    m.id || m.name,
    m.kind,
    String(m.parameters),
    String(m.tracks),
    m.licence,
    m.folder,
    m.problem ?? '',
  ])
  await io.write(
    [['id', 'kind', 'parameters', 'tracks', 'licence', 'folder', 'problem'], ...rows]
      .map(r => `${r.map(oneCell).join('\t')}\n`)
      .join(''),
  )
  return EXIT.done
}

const oneCell = (text: string) => text.replace(/\s+/g, ' ')

async function importOne(rest: readonly string[], args: ParsedArgs, io: CliIo): Promise<number> {
  const [config, tokenizer, targets] = [args.text('config'), args.text('tokenizer'), args.text('targets')]
  const genome = args.text('genome')
  const json = await importModel(
    {
      source: operand(rest, 'SOURCE'),
      from: args.required('from'),
      out: args.required('out'),
      ...(config ? { config } : {}),
      ...(tokenizer ? { tokenizer } : {}),
      ...(genome ? { genome } : {}),
      ...(targets ? { targets: targetFiles(targets) } : {}),
      ...(args.text('length') !== undefined ? { length: args.integer('length', 1, { min: 1 }) } : {}),
      replace: args.flag('replace'),
      now: Date.now(),
    },
    registry(),
    io.context,
  )
  const { id, kind, weights } = json
  await io.write(args.flag('json') ? `${JSON.stringify({ folder: args.required('out'), id, kind, parameters: weights.parameters, sha256: weights.sha256 })}\n` : `${id}\t${kind}\t${weights.parameters} parameters\t${args.required('out')}\n`) // biome-ignore format: one line of output
  return EXIT.done
}

function targetFiles(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split(',').map(part => {
      const at = part.indexOf('=')
      if (at < 1)
        throw new WorkbenchError(
          'wrong-usage',
          `--targets has '${part}', not HEAD=FILE`,
          'write human=targets_human.txt.gz',
        )
      return [part.slice(0, at), part.slice(at + 1)]
    }),
  )
}

async function exportOne(rest: readonly string[], args: ParsedArgs, io: CliIo): Promise<number> {
  const folder = operand(rest, 'DIR')
  const options = {
    batch: args.integer('batch', 1, { min: 1, max: 65_536 }),
    ...(args.text('length') !== undefined ? { length: args.integer('length', 1, { min: 1 }) } : {}),
  }
  const done = await exportOnnx(folder, args.required('onnx'), registry(), options, io.context)
  await io.write(args.flag('json') ? `${JSON.stringify(done)}\n` : done.files.map(f => `${f}\n`).join(''))
  return EXIT.done
}

async function check(rest: readonly string[], args: ParsedArgs, io: CliIo): Promise<number> {
  const folder = operand(rest, 'DIR')
  if (isSavedModel(folder)) return checkSavedModel(folder, args, io)
  const result = await checkModel(folder, registry(), io.context)
  if (args.flag('json')) await io.write(`${JSON.stringify(result)}\n`)
  if (result.problems.length)
    throw new WorkbenchError('bad-model', `'${result.folder}' has ${result.problems.length} problem${result.problems.length > 1 ? 's' : ''}: ${result.problems.join('; ')}`, 'import the model again, or train it anew') // biome-ignore format: one thought
  if (!args.flag('json'))
    await io.write(
      `${result.folder}: good (${result.kind}, ${result.tensors} tensors, ${result.parameters} parameters)\n`,
    )
  return EXIT.done
}

/** A TensorFlow SavedModel: opened by the optional engine, which the user installs. */
async function checkSavedModel(folder: string, args: ParsedArgs, io: CliIo): Promise<number> {
  const [modulePath, nodePath] = [args.text('tensorflow'), args.text('node')]
  const report = await inspectSavedModel(folder, {
    ...(modulePath ? { modulePath } : {}),
    ...(nodePath ? { nodePath } : {}),
  })
  const rows = (values: typeof report.inputs) =>
    values.map(v => `${v.name} ${v.dtype} [${v.shape.join(', ')}]`).join('; ')
  await io.write(
    args.flag('json')
      ? `${JSON.stringify(report)}\n`
      : `${folder}: a TensorFlow SavedModel that opens; inputs ${rows(report.inputs)}; outputs ${rows(report.outputs)}\n`,
  )
  return EXIT.done
}
