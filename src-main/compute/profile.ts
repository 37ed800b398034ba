/** Node events by execution provider (`CPUExecutionProvider: 12`) in a profile that ONNX Runtime wrote. */
export function countProviders(profileJson: string): Record<string, number> {
  const events: unknown = JSON.parse(profileJson)
  const counts: Record<string, number> = {}
  if (!Array.isArray(events)) return counts
  for (const event of events as readonly { cat?: string; args?: { provider?: string } }[]) {
    const provider = event.args?.provider
    if (event.cat !== 'Node' || !provider) continue
    counts[provider] = (counts[provider] ?? 0) + 1
  }
  return counts
}

/** The name under which the runtime reports the nodes of each provider. */
export const PROVIDER_NAMES = {
  cpu: 'CPUExecutionProvider',
  webgpu: 'WebGpuExecutionProvider',
  cuda: 'CUDAExecutionProvider',
} as const
