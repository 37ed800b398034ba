import type { Contig } from '../../../src-shared/genome/locus.ts'
import type { EffectScore } from '../../../src-shared/genome/scan.ts'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { LoadOptions } from '../../compute/engine.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import { madeUpOf } from '../../services/models/modelFacts.ts'
import { buildCaution } from '../../services/predict/cautions.ts'
import type { OptionSpec, ParsedArgs } from './command.ts'

/** What `mutate` and `variants` take alike. */
export const MODEL_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  model: { value: 'DIR', help: 'the model folder' },
  reference: { value: 'FASTA', help: 'FASTA or 2bit; an index that is missing is built beside it' },
  tracks: {
    value: 'LIST',
    help: 'places from 0, ranges, head:index, identifiers or parts of descriptions (default: all)',
  },
  device: { value: 'NAME', help: 'auto, cpu, webgpu or cuda (default auto)' },
}
export const SCORE_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  score: {
    value: 'NAME',
    help: 'sad: sum of alt - ref over the bins; sar: of log2(1 + alt) - log2(1 + ref); logfold: log2((1 + sum alt) / (1 + sum ref)); absmax: the largest alt - ref (default sad)',
  },
  mean: { help: 'mean over the bins in place of the sum, for sad and sar' },
}

export function scoreOptions(args: ParsedArgs): {
  readonly score: { readonly score: EffectScore; readonly mean: boolean }
  readonly load: LoadOptions
} {
  const score = args.choice('score', ['sad', 'sar', 'logfold', 'absmax'], 'sad')
  const mean = args.flag('mean')
  if (mean && score !== 'sad' && score !== 'sar')
    throw new WorkbenchError('wrong-usage', `--mean has no meaning for score '${score}'`, 'leave it out')
  return {
    score: { score, mean },
    load: {
      device: args.choice('device', ['auto', 'cpu', 'webgpu', 'cuda'], 'auto'),
      ...(args.text('threads') ? { threads: args.integer('threads', 1, { min: 1, max: 1024 }) } : {}),
    },
  }
}

/** What belongs beside every number of a model on a reference. */
export function modelCautions(json: ModelJson, contigs: readonly Contig[]): readonly string[] {
  const build = buildCaution(json, contigs)
  const madeUp = madeUpOf(json)
  return [
    ...(build ? [build] : []),
    ...(madeUp ? [`the model was trained on ${madeUp} data: its numbers say nothing about people`] : []),
  ]
}
