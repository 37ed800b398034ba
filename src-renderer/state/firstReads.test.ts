import { expect, it, vi } from 'vitest'
import type { OpenedFile } from '../../src-shared/genome/files.ts'
import { goToFirstReads } from './firstReads.ts'
import { startLocus } from './tracks.ts'
import { useWorkbench } from './workbench.ts'

const host = vi.hoisted(() => ({ placed: () => {}, calls: [] as string[], told: [] as unknown[] }))
vi.mock('./services.ts', () => ({
  onPlaced: (find: () => void) => {
    host.placed = find
  },
  attempt: (work: () => Promise<unknown>) => void work().catch(error => host.told.push(error)),
  async call(method: string) {
    host.calls.push(method)
    throw new Error('the index cannot be read')
  },
}))

// Truth: nobody asked for the place where a view begins; who asks for the first reads is told.
it('tells no fault of a view that only began somewhere', async () => {
  const file = { id: 'a', name: 'a.bam', role: 'sample', facts: { contigs: [{ name: 'chr8', length: 1_000_000 }], build: 'unknown', samples: [] } } as unknown as OpenedFile // biome-ignore format: one line
  useWorkbench.setState(s => ({
    files: [file],
    history: {
      ...s.history,
      present: { ...s.history.present, view: { ...s.history.present.view, locus: startLocus(file) ?? null } },
    },
  }))
  host.placed()
  await vi.waitFor(() => expect(host.calls).toEqual(['reads.first']))
  await new Promise(resolve => setImmediate(resolve))
  expect(host.told).toEqual([])
  await expect(goToFirstReads(file)).rejects.toThrow('cannot be read')
})
