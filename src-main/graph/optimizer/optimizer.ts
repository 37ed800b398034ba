/** How gradients change parameters. */
export type Optimizer =
  /** Decoupled weight decay (Loshchilov & Hutter 2019): p ← p·(1 - lr·decay) - lr·m̂ / (√v̂ + epsilon). */
  | {
      readonly kind: 'adamw'
      readonly beta1?: number
      readonly beta2?: number
      readonly epsilon?: number
      readonly weightDecay?: number
    }
  /** Kingma & Ba 2015; weight decay, when given, is added to the gradient (L2). */
  | {
      readonly kind: 'adam'
      readonly beta1?: number
      readonly beta2?: number
      readonly epsilon?: number
      readonly weightDecay?: number
    }
  /** p ← p - lr·u, u = g, or with momentum u ← momentum·u + g; weight decay is added to the gradient (L2). */
  | { readonly kind: 'sgd'; readonly momentum?: number; readonly weightDecay?: number }

/** What differs for some parameters. */
export interface ParameterGroup {
  /** Factor on the learning rate; default 1. */
  readonly rateFactor?: number
  /** Replaces the optimiser's weight decay. */
  readonly weightDecay?: number
}

/** Moments that an optimiser keeps for each parameter, by their slot names. */
export function slotsOf(optimizer: Optimizer): readonly string[] {
  if (optimizer.kind === 'sgd') return optimizer.momentum ? ['momentum'] : []
  return ['m', 'v']
}
