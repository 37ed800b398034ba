import { madeUpOf } from '../../../src-shared/genome/madeUp.ts'
import type { ModelFacts } from '../../../src-shared/genome/model.ts'
import type { ModelJson } from '../../models/folder/modelJson.ts'
import { createTrackTable, type TrackTable } from './trackTable.ts'

export { madeUpOf } from '../../../src-shared/genome/madeUp.ts'

/** What the model's screen shows, from model.json, its card and the size of its weights. */
export function modelFacts(
  json: ModelJson,
  more: { readonly fileId: string; readonly card: string; readonly weightsBytes: number; readonly table?: TrackTable },
): ModelFacts {
  const { input, output, provenance } = json
  const table = more.table ?? createTrackTable(json)
  const dna = input.type === 'dna'
  return {
    fileId: more.fileId,
    id: json.id,
    name: json.name,
    kind: json.kind,
    input: dna ? 'dna' : input.type === 'alleles' ? 'alleles' : 'tokens',
    parameters: json.weights.parameters,
    weightsBytes: more.weightsBytes,
    weightsSha256: json.weights.sha256,
    ...(dna ? { windowBp: input.length } : {}),
    ...(output.binSize === undefined ? {} : { binBp: output.binSize }),
    ...(output.bins === undefined ? {} : { bins: output.bins }),
    genome: dna ? input.genome : null,
    tracks: json.tracks.length,
    assays: table.assays,
    source: provenance.source,
    trainedBy: provenance.trainedBy ?? 'not recorded',
    created: provenance.created,
    licence: json.licence,
    citation: json.citation,
    limits: json.limits,
    madeUp: madeUpOf(json),
    card: more.card,
    ...(json.kind === 'onnx' ? { noGradient: 'an imported ONNX graph has no gradient here' } : {}),
  }
}
