import type { Tensor } from '../graph.ts'
import { add } from '../ops/add.ts'
import { cast } from '../ops/cast.ts'
import { div } from '../ops/div.ts'
import { mul } from '../ops/mul.ts'
import { pow } from '../ops/pow.ts'
import { sqrt } from '../ops/sqrt.ts'
import { sub } from '../ops/sub.ts'
import type { Optimizer, ParameterGroup } from './optimizer.ts'

/** What one update has in common for all parameters: scalars of the run. */
export interface UpdateScalars {
  /** Learning rate, in the graph's float. */
  readonly rate: Tensor
  /** Factor on every gradient (clipping, averaging), or undefined for 1. */
  readonly gradientFactor: Tensor | undefined
  /** 1 - β₁ᵗ and √(1 - β₂ᵗ) */
  readonly firstCorrection: Tensor
  readonly secondCorrection: Tensor
}

/** t is the number of this update, from 1, as int64. The powers are taken in float64: float32 would lose 1 - 0.999ᵗ. */
export function updateScalars(
  optimizer: Optimizer,
  rate: Tensor,
  t: Tensor,
  gradientFactor: Tensor | undefined,
): UpdateScalars {
  const { graph } = rate
  const time = cast(t, 'float64')
  const left = (beta: number) => sub(1, pow(graph.constant(beta, [], 'float64'), time))
  const [beta1, beta2] = optimizer.kind === 'sgd' ? [0, 0] : [optimizer.beta1 ?? 0.9, optimizer.beta2 ?? 0.999]
  return {
    rate,
    gradientFactor,
    firstCorrection: cast(left(beta1), graph.float),
    secondCorrection: cast(sqrt(left(beta2)), graph.float),
  }
}

/** New value of one parameter and of its moments, in the order of `slotsOf`. */
export function updateParameter(
  optimizer: Optimizer,
  group: ParameterGroup,
  parameter: Tensor,
  gradient: Tensor,
  slots: readonly Tensor[],
  scalars: UpdateScalars,
): { readonly parameter: Tensor; readonly slots: readonly Tensor[] } {
  const rate = group.rateFactor === undefined ? scalars.rate : mul(scalars.rate, group.rateFactor)
  const decay = group.weightDecay ?? optimizer.weightDecay ?? 0
  const scaled = () => (scalars.gradientFactor ? mul(gradient, scalars.gradientFactor) : gradient)
  const regular = () => (decay === 0 ? scaled() : add(scaled(), mul(parameter, decay)))
  if (optimizer.kind === 'sgd') {
    const pushed = optimizer.momentum ? add(mul(slots[0]!, optimizer.momentum), regular()) : regular()
    return { parameter: sub(parameter, mul(pushed, rate)), slots: optimizer.momentum ? [pushed] : [] }
  }
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = optimizer
  const g = optimizer.kind === 'adam' ? regular() : scaled()
  const m = add(mul(slots[0]!, beta1), mul(g, 1 - beta1))
  const v = add(mul(slots[1]!, beta2), mul(mul(g, g), 1 - beta2))
  // lr·(m/c₁) / (√(v/c₂) + ε) with the corrections drawn into two scalars: (lr·√c₂/c₁)·m / (√v + ε·√c₂).
  const factor = div(mul(rate, scalars.secondCorrection), scalars.firstCorrection)
  const step = mul(div(m, add(sqrt(v), mul(scalars.secondCorrection, epsilon))), factor)
  const kept = optimizer.kind === 'adamw' && decay !== 0 ? mul(parameter, sub(1, mul(rate, decay))) : parameter
  return { parameter: sub(kept, step), slots: [m, v] }
}
