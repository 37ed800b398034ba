import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

/** The version of ONNX Runtime that the compute process loads, without loading it; `unknown` where it is not installed. */
export function runtimeVersion(): string {
  try {
    const path = createRequire(import.meta.url).resolve('onnxruntime-node/package.json')
    return String((JSON.parse(readFileSync(path, 'utf8')) as { version?: unknown }).version ?? 'unknown')
  } catch {
    return 'unknown'
  }
}
