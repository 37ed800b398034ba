import './test-support/node20.ts'
import { defineConfig } from 'vitest/config'

/** The golden cases alone: `npm run test:golden`, from the folder that DIPLOSCOPE_GOLDEN names. */
export default defineConfig({
  test: {
    include: ['src-main/**/*.golden.test.ts'],
    globalSetup: ['./test-support/build-compute.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    maxWorkers: 2,
    reporters: ['default', './test-support/skips.ts'],
  },
})
