import { type Check, fields, id, integer, nothing, oneOf, optional, text } from './checks.ts'
import type { Args } from './contract.ts'
import type { LabMethods } from './labMethods.ts'

/** A result file holds a few thousand points at most; the reader of it bounds what is in it. */
const MAX_RESULT_CHARACTERS = 16 * 1024 * 1024
const resultId = fields({ resultId: id })

export const LAB_ARGUMENTS: { readonly [M in keyof LabMethods]: (value: unknown) => Args<M> } = {
  'lab.recipes': nothing,
  'lab.results': nothing,
  'lab.result': resultId,
  'lab.run': fields({ recipeId: id }),
  'lab.resume': resultId,
  'lab.remove': resultId,
  'lab.import': fields({ name: text(1000), text: text(MAX_RESULT_CHARACTERS) }),
  'lab.export': fields({ resultId: id, format: oneOf('json', 'tsv') }),
  'planner.state': nothing,
  'planner.calibrate': nothing,
  'planner.estimate': fields<Args<'planner.estimate'>>({
    modelFileId: id,
    work: oneOf('inference', 'training'),
    lengthBp: optional(integer(1, 2 ** 31 - 1)) as Check<number>,
    batch: optional(integer(1, 65_536)) as Check<number>,
  }),
}
