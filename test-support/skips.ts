import type { Reporter, TestModule, Vitest } from 'vitest/node'

/** Names every test that was left out, with its reason where the test gives one: a count alone hides what was not looked at. */
export default class Skips implements Reporter {
  /** Tests were chosen by name: those that were not are nothing to tell. */
  #chosen = false

  onInit(vitest: Vitest): void {
    this.#chosen = vitest.config.testNamePattern !== undefined
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    if (this.#chosen) return
    for (const module of modules)
      for (const test of module.children.allTests('skipped')) {
        const result = test.result()
        const note = result.state === 'skipped' ? result.note : undefined
        process.stdout.write(`SKIPPED: ${module.relativeModuleId}: ${test.fullName} (${note ?? 'what it needs is not here'})\n`) // biome-ignore format: one line
      }
  }
}
