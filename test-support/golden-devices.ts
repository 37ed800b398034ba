import { afterAll, beforeAll, describe, it } from 'vitest'
import { GraphRunner } from './golden-run.ts'

const RUNS = [
  ['cpu', 'float32'],
  ['cpu', 'float64'],
  ['webgpu', 'float32'],
] as const
type Device = (typeof RUNS)[number][0]
type Float = (typeof RUNS)[number][1]

/**
 * Judges every item on the processor in both precisions, and on WebGPU where a trial shows that it works; else skips with the reason.
 * `prepare` is called once a run and gives the judge of one item.
 */
export function goldenOnDevices<T extends object>(
  name: string,
  items: readonly T[],
  title: string,
  prepare: (runner: GraphRunner, float: Float, device: Device) => (item: T) => Promise<void>,
): void {
  describe.skipIf(items.length === 0).each(RUNS)(`golden: ${name} on %s in %s`, (device, float) => {
    const runner = new GraphRunner(device)
    let trial = { works: false, reason: '' }
    beforeAll(async () => {
      trial = await runner.works()
    })
    afterAll(() => runner.close())
    const judge = prepare(runner, float, device)

    it.for(items)(title, async (item, { skip }) => {
      if (!trial.works) console.log(`${name}: ${device} skipped: ${trial.reason}`)
      skip(!trial.works, trial.reason)
      await judge(item)
    })
  })
}
