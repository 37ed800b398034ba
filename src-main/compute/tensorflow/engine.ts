import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { Engine } from '../engine.ts'
import { builtEntry } from '../entry.ts'
import { launchNode } from '../launcher.ts'
import { OpenedSession } from '../openedSession.ts'
import type { SessionInfo, SessionSpec } from '../protocol.ts'
import { CallQueue } from '../queue.ts'
import { MODULE_VARIABLE, unfitNode } from './module.ts'

export interface TensorFlowOptions {
  /** The package's folder, or the node_modules that holds it; default: where Node finds it from this program. */
  readonly modulePath?: string
  /** A Node of version 20 or 22; default: the one that runs now. */
  readonly nodePath?: string
  /** The built process; default: beside this program. */
  readonly entry?: string
  readonly cancelGraceMs?: number
}

const PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node']

/**
 * The optional engine for TensorFlow SavedModels, a format that ONNX Runtime cannot read. It is never installed with the program; the package
 * is loaded on demand in a process of its own. Only the wiring is tested, against a stand-in.
 * @throws WorkbenchError `engine-missing` when the package is absent or the Node cannot load it
 */
export function createTensorFlowEngine(options: TensorFlowOptions = {}): Engine {
  const module = findModule(options.modulePath)
  const unfit = unfitNode(nodeVersion(options.nodePath))
  if (unfit)
    throw new WorkbenchError('engine-missing', unfit, 'give a Node 20 or 22, or convert the model to ONNX with tf2onnx')
  const queue = new CallQueue({
    launcher: (entry, settings) =>
      launchNode(entry, settings, {
        ...(options.nodePath ? { execPath: options.nodePath } : {}),
        environment: { [MODULE_VARIABLE]: module },
      }),
    entry: () => options.entry ?? builtEntry('compute/tensorflow/process.js'),
    sessionLimitBytes: Number.MAX_SAFE_INTEGER,
    cancelGraceMs: options.cancelGraceMs ?? 2000,
  })
  let nextId = 1
  return {
    name: 'tensorflow-savedmodel',
    async load(model) {
      if (typeof model !== 'string') throw new WorkbenchError('bad-input', 'a SavedModel is a folder, not bytes', 'give the path of the folder') // biome-ignore format: one thought
      const path = resolve(model)
      if (!existsSync(join(path, 'saved_model.pb'))) throw new WorkbenchError('not-found', `'${model}' holds no saved_model.pb`, 'give the folder of a SavedModel') // biome-ignore format: one thought
      const spec: SessionSpec = {
        id: nextId++,
        path,
        provider: 'cpu',
        threads: 0,
        arena: false,
        spin: true,
        profile: false,
      }
      const { done } = await queue.call(call => ({ request: { kind: 'load', call, session: spec } }), {})
      return new OpenedSession(queue, spec, done.info as SessionInfo, { requested: 'auto', strict: false }, undefined)
    },
    close: () => queue.close(),
  }
}

function findModule(given: string | undefined): string {
  const missing = (where: string) =>
    new WorkbenchError('engine-missing', `@tensorflow/tfjs-node-gpu is not installed${where}`, 'install it for Node 20 or 22 (npm install @tensorflow/tfjs-node-gpu) and give its folder, or convert the model to ONNX with tf2onnx') // biome-ignore format: one thought
  if (given !== undefined) {
    const folder = resolve(given)
    for (const candidate of [
      folder,
      ...PACKAGES.map(p => join(folder, p)),
      ...PACKAGES.map(p => join(folder, 'node_modules', p)),
    ])
      if (existsSync(join(candidate, 'package.json')))
        return createRequire(join(candidate, 'package.json')).resolve(candidate)
    throw missing(` in '${given}'`)
  }
  const require = createRequire(import.meta.url)
  for (const name of PACKAGES) {
    try {
      return require.resolve(name)
    } catch {}
  }
  throw missing('')
}

function nodeVersion(path: string | undefined): string {
  if (path === undefined) return process.version
  const run = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 10_000 })
  if (run.status === 0) return run.stdout.trim()
  throw new WorkbenchError('engine-missing', `'${path}' is not a Node program`, 'give the path of a Node 20 or 22')
}
