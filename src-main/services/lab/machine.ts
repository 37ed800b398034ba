import { availableParallelism, cpus, release, totalmem, type, version } from 'node:os'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { LabMachine } from '../../../src-shared/lab/result.ts'

/** This machine, as it is shown under every figure. `versions`: of the program and its runtime, by name. */
export function thisMachine(threads: number, versions: Readonly<Record<string, string>>): LabMachine {
  return {
    processor: cpus()[0]?.model.trim() || 'unknown processor',
    cores: availableParallelism(),
    threads,
    memoryBytes: totalmem(),
    system: process.platform === 'linux' ? `${type()} ${release()}` : `${version()} ${release()}`,
    device: 'cpu',
    versions: { ...versions, node: process.versions.node },
  }
}

/**
 * A result goes on only where and with what it began: its figures are pooled.
 * @throws WorkbenchError `bad-input` that names what differs
 */
export function checkSameMachine(now: LabMachine, then: LabMachine): void {
  const facts = (m: LabMachine): Readonly<Record<string, string | number>> => {
    const { processor, cores, threads, system, device, versions } = m
    return { processor, cores, threads, system, device, ...Object.fromEntries(Object.entries(versions).map(([n, v]) => [`version of ${n}`, v])) } // biome-ignore format: one thought
  }
  const [a, b] = [facts(now), facts(then)]
  for (const name of new Set([...Object.keys(b), ...Object.keys(a)]))
    if (a[name] !== b[name]) throw new WorkbenchError('bad-input', `this result was begun with ${name} '${b[name] ?? 'unknown'}', and here it is '${a[name] ?? 'unknown'}'`, 'run the recipe again from its beginning') // biome-ignore format: one thought
}
