import type { Handlers } from '../../src-shared/ipc/contract.ts'
import type { LabMethods } from '../../src-shared/ipc/labMethods.ts'
import type { LabServices } from './labServices.ts'

type LabMethod = Extract<keyof LabMethods, `lab.${string}`>

/** The contract's methods about the lab: routing only. */
export function createLabHandlers(lab: LabServices): Pick<Handlers, LabMethod> {
  return {
    'lab.recipes': (_, { signal }) => lab.recipes(signal),
    'lab.results': () => lab.results(),
    'lab.result': ({ resultId }) => lab.result(resultId),
    'lab.run': ({ recipeId }) => lab.run(recipeId),
    'lab.resume': ({ resultId }) => lab.resume(resultId),
    async 'lab.remove'({ resultId }) {
      await lab.remove(resultId)
      return null
    },
    'lab.import': ({ name, text }) => lab.import(name, text),
    'lab.export': ({ resultId, format }) => lab.export(resultId, format),
  }
}
