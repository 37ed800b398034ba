import { SIMULATED_LABEL } from '../../../src-shared/genome/risk.ts'
import type { TuneSettings, TuneStart, TuneStartOption } from '../../../src-shared/genome/tune.ts'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { RISK_GENE } from '../../domain/cohort/locus.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import type { FileRegistry } from '../files.ts'
import type { ModelServices } from '../modelServices.ts'
import { readModelJson } from '../models/modelFolder.ts'
import { locusLetters } from './people.ts'
import { checkSequence } from './startModel.ts'

/** Kinds of networks that `classify` trains. */
const KINDS: readonly string[] = ['linformer', 'transformer', 'lrt']

export interface StartParts {
  readonly files: FileRegistry
  readonly models: ModelServices
}

const usable = (json: ModelJson) => json.input.type === 'diplotype-tokens' && json.tokenizer !== null && KINDS.includes(json.kind) // biome-ignore format: one line

function optionOf(start: TuneStart, json: ModelJson): TuneStartOption {
  const { layers, width, maxTokens, vocabulary } = json.architecture
  const { risk } = json
  return {
    start,
    name: json.name,
    what: risk ? 'risk' : 'masked-tokens',
    label: risk?.trainedOnSimulated ? SIMULATED_LABEL : null,
    network: `${json.kind}, ${layers} layers, width ${width}, at most ${maxTokens} tokens, ${vocabulary} pieces, ${json.weights.parameters.toLocaleString('en-US')} parameters`, // biome-ignore format: one line
    fixed: risk ? { flankBp: risk.flankBp, caller: risk.caller.caller } : null,
  }
}

/** Models that a training may begin with: those that are open, and those of the program that are not. */
export async function startOptions({ files, models }: StartParts): Promise<readonly TuneStartOption[]> {
  const options: TuneStartOption[] = []
  const opened = new Set<string>()
  for (const entry of files.entries().filter(e => e.role === 'model' && !e.problem)) {
    const model = await models.models.use(entry.id).catch(() => undefined)
    if (!model || !usable(model.json)) continue
    opened.add(model.json.weights.sha256)
    options.push(optionOf({ kind: 'open', fileId: entry.id }, model.json))
  }
  for (const { id } of await models.shipped.list()) {
    const json = await readModelJson(await models.shipped.folder(id))
    if (usable(json) && !opened.has(json.weights.sha256)) options.push(optionOf({ kind: 'shipped', modelId: id }, json))
  }
  return options
}

/** The folder that the settings begin with; null: fresh. @throws WorkbenchError `bad-model`, `bad-input` for a region that is not its own */
export async function startFolderOf(settings: TuneSettings, { models }: StartParts) {
  const { start } = settings
  if (start.kind === 'fresh') return null
  const folder = start.kind === 'shipped' ? await models.shipped.folder(start.modelId) : (await models.models.use(start.fileId)).folder // biome-ignore format: one line
  const json = await readModelJson(folder)
  if (json.input.type === 'alleles') throw new WorkbenchError('bad-model', `'${json.id}' is a logistic model of two SNPs: it has no network whose weights could be gone on with`, 'start fresh, or from a risk model of tokens or a masked-token model') // biome-ignore format: one line
  if (!usable(json) || !json.tokenizer) throw new WorkbenchError('bad-model', `'${json.id}' is no model of diplotype tokens`, 'start fresh, or from a risk model or a masked-token model') // biome-ignore format: one line
  const { risk } = json
  if (risk && (risk.flankBp !== settings.flankBp || risk.caller.caller !== settings.caller))
    throw new WorkbenchError('bad-input', `'${json.id}' reads ${risk.flankBp} bp of flank by the caller ${risk.caller.caller}; the settings say ${settings.flankBp} bp and ${settings.caller}`, 'keep its region and caller, or start fresh') // biome-ignore format: one line
  return { folder, json }
}

/** Open reference sequences that hold the gene. */
export async function locusReferences({ files }: StartParts) {
  const { start, end } = RISK_GENE.GRCh38
  const found = await Promise.all(
    files
      .entries()
      .filter(e => e.role === 'reference' && !e.problem)
      .map(async e => {
        const letters = await locusLetters(e.readPath, start, end, 0).catch(() => undefined)
        return letters ? [{ fileId: e.id, name: e.path.split(/[\\/]/).at(-1) ?? e.path }] : []
      }),
  )
  return found.flat()
}

/** @throws WorkbenchError `no-reference`, `build`; `bad-input` when the model is of another sequence */
export async function checkReference(path: string, flankBp: number, startFolder: string | undefined): Promise<void> {
  const { start, end } = RISK_GENE.GRCh38
  const { letters, note } = await locusLetters(path, start - flankBp, end + flankBp, 0)
  if (startFolder !== undefined) await checkSequence(startFolder, { reference: letters, referenceNote: note }, flankBp)
}
