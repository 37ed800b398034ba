import type { RuntimeKernel } from './runtimeKernels.ts'
import type { TracedValue } from './trace.ts'

/**
 * Kernels in the order in which ONNX Runtime runs them one after the other (onnxruntime/core/graph/graph_viewer.cc): from the kernels that
 * nobody reads, the last first, depth first through what each reads, the one of the highest number first. It decides how long tensors live.
 * `numbers`: each kernel's number in the runtime's graph, rising in the order of the file; kernels that the runtime made come after those.
 */
export function executionOrder(
  kernels: readonly RuntimeKernel[],
  numbers: ReadonlyMap<RuntimeKernel, number>,
): readonly RuntimeKernel[] {
  const maker = new Map<TracedValue, RuntimeKernel>()
  for (const kernel of kernels) for (const w of kernel.writes) maker.set(w, kernel)
  const read = new Set<RuntimeKernel>()
  for (const { reads } of kernels) for (const r of reads) if (maker.has(r)) read.add(maker.get(r)!)
  const rising = (a: RuntimeKernel, b: RuntimeKernel) => numbers.get(a)! - numbers.get(b)!
  const stack = kernels
    .filter(k => !read.has(k))
    .sort(rising)
    .map(kernel => ({ kernel, leaving: false }))
  const seen = new Set<RuntimeKernel>()
  const order: RuntimeKernel[] = []
  for (let entry = stack.pop(); entry; entry = stack.pop()) {
    const { kernel, leaving } = entry
    if (leaving) order.push(kernel)
    if (leaving || seen.has(kernel)) continue
    seen.add(kernel)
    stack.push({ kernel, leaving: true })
    const makers = new Set(kernel.reads.flatMap(r => maker.get(r) ?? []))
    for (const before of [...makers].sort(rising)) if (!seen.has(before)) stack.push({ kernel: before, leaving: false })
  }
  return order
}
