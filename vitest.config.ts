import './test-support/node20.ts'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src-*/**/*.test.ts', 'src-*/**/*.test.tsx', 'scripts/**/*.test.ts', 'bench/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'dist/**', '**/*.golden.test.ts'],
    globalSetup: ['./test-support/build-compute.ts', './test-support/build-workers.ts'],
    // Room for a machine with other work on it; a test's own length is looked at elsewhere.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 30_000 } },
    maxWorkers: 2,
    reporters: ['default', './test-support/skips.ts'],
  },
})
