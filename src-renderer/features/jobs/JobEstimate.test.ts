import { describe, expect, it } from 'vitest'
import { headline } from './JobEstimate.tsx'

// Truth: by hand, from units of 60 and of 1000.
describe('what a form says of its job', () => {
  it.each([
    [{ seconds: 130, peakBytes: 1.23e9, basis: 'calibrated' }, 'About 2 min, 1.2 GB of memory.'],
    [{ seconds: 4, peakBytes: 3.2e8, basis: 'typical' }, 'Roughly 4 s, 320 MB of memory.'],
    [{ seconds: 7200, peakBytes: null, basis: 'earlier' }, 'About 2 h.'],
    [{ seconds: null, peakBytes: 1e8, basis: null }, 'Duration not known yet; 100 MB of memory.'],
    [{ seconds: null, peakBytes: null, basis: null }, 'Duration not known yet.'],
  ] as const)('%o', (outlook, text) => expect(headline(outlook)).toBe(text))
})
