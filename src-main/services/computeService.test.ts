import { afterAll, expect, it } from 'vitest'
import { createComputeService } from './computeService.ts'

const compute = createComputeService({ threads: 2 })
afterAll(() => compute.close())

it('tries every device by running on it; the processor always works', async () => {
  const reports = await compute.devices()
  expect(reports.map(r => r.device)).toEqual(['cpu', 'webgpu', 'cuda'])
  expect(reports[0]).toMatchObject({ device: 'cpu', works: true })
  for (const r of reports) expect(r.reason).not.toBe('')
})

it('closes without having been used', async () => {
  await createComputeService({ threads: 1 }).close()
})
