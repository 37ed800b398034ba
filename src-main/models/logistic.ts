import type { Graph } from '../graph/graph.ts'
import { add, concat, matmul, mul, reshape } from '../graph/ops.ts'
import { ConfigFields } from './layers/configFields.ts'
import { type WeightSpec, Weights } from './layers/weights.ts'
import { type ForwardOptions, type ForwardOutputs, registered } from './registry.ts'

/** What a logistic model of rs429358 and rs7412 is given, with how many numbers that is. */
export const LOGISTIC_FEATURES = {
  /** Copies of C at rs429358 and of T at rs7412 (FDA K192073). */
  'allele-counts': 2,
  /** One for the APOE genotype, zero for every other; genotypes in the order of the program's table. */
  genotypes: 10,
} as const
export type LogisticFeatures = keyof typeof LOGISTIC_FEATURES

/** Logistic regression of a diagnosis on the two SNPs of APOE: the baseline of every network of the locus, as a model of its own. */
export interface LogisticConfig {
  readonly features: LogisticFeatures
  /** Numbers that it is given. */
  readonly length: number
}

function parse(json: unknown): LogisticConfig {
  const fields = new ConfigFields(json)
  const features = fields.choice('features', Object.keys(LOGISTIC_FEATURES) as LogisticFeatures[])
  const length = fields.count('length')
  fields.end()
  if (length !== LOGISTIC_FEATURES[features]) throw fields.fault('length', `${LOGISTIC_FEATURES[features]}, the numbers of '${features}'`) // biome-ignore format: one line
  return { features, length }
}

/** Stored in float64: a coefficient that was rounded would not give the probabilities of the fit. */
const exact = (name: string, length: number): WeightSpec => ({ name, shape: [length], dtype: 'float64' })
const specs = ({ length }: LogisticConfig): readonly WeightSpec[] => [exact('intercept', 1), exact('coefficients', length)] // biome-ignore format: one line

/** Input `features` [batch, length]; output `classLogits` [batch, 2]: 0 for a control, intercept + coefficients · features for a case. */
function buildForward(graph: Graph, config: LogisticConfig, { batch }: ForwardOptions): ForwardOutputs {
  const weights = new Weights(graph, specs(config))
  const features = graph.input('features', [batch, config.length], graph.float)
  const score = add(
    matmul(features, reshape(weights.get('coefficients'), [config.length, 1])),
    weights.get('intercept'),
  )
  return { classLogits: concat([mul(score, 0), score], 1) }
}

export const logistic = registered<LogisticConfig>({ kind: 'logistic', parseConfig: parse, parameters: specs, buildForward }) // biome-ignore format: one line
