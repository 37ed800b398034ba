import { BUSY_SHARE, type LabPoint, type LabResult } from '../result.ts'
import { machineName, measured, numberOf } from './measured.ts'

/** Trainings of one network from several seeds, or its timed steps. */
export interface EffectRun {
  readonly model: string
  readonly rank: number | undefined
  readonly batch: number
  readonly examples: number
  /** In the order of their seeds; those that ended well. */
  readonly trained: readonly LabPoint[]
  readonly timed: LabPoint | undefined
}

/** Networks of one result that differ in their kind alone. */
export interface EffectGroup {
  readonly result: LabResult
  readonly job: 'train' | 'cost'
  readonly tokens: number
  readonly width: number
  readonly layers: number
  readonly batch: number
  /** Images that one training sees. */
  readonly examples: number
  readonly runs: readonly EffectRun[]
}

const SHARED = ['job', 'tokens', 'width', 'layers', 'batch', 'examples'] as const

export function groupsOf(result: LabResult): readonly EffectGroup[] {
  const byKey = new Map<string, LabPoint[]>()
  for (const point of result.points) {
    const key = SHARED.map(name => point.factors[name]).join(' ')
    byKey.set(key, [...(byKey.get(key) ?? []), point])
  }
  return [...byKey.values()].map(points => {
    const [first] = points as [LabPoint, ...LabPoint[]]
    const models = [...new Set(points.map(p => `${p.factors['model']} ${p.factors['rank'] ?? ''}`))]
    return {
      result,
      job: first.factors['job'] === 'cost' ? 'cost' : 'train',
      tokens: numberOf(first, 'tokens'),
      width: numberOf(first, 'width'),
      layers: numberOf(first, 'layers'),
      batch: numberOf(first, 'batch'),
      examples: numberOf(first, 'examples'),
      runs: models.map(name => runOf(points.filter(p => `${p.factors['model']} ${p.factors['rank'] ?? ''}` === name))),
    }
  })
}

function runOf(points: readonly LabPoint[]): EffectRun {
  const first = points[0]!
  const done = points.filter(p => p.state === 'done')
  return {
    model: String(first.factors['model']),
    rank: typeof first.factors['rank'] === 'number' ? first.factors['rank'] : undefined,
    batch: numberOf(first, 'batch'),
    examples: numberOf(first, 'examples'),
    trained: done.filter(p => p.factors['job'] !== 'cost').sort((a, b) => numberOf(a, 'seed') - numberOf(b, 'seed')),
    timed: done.find(p => p.factors['job'] === 'cost'),
  }
}

const NAMES: Readonly<Record<string, readonly [string, string]>> = {
  transformer: ['Transformer', ''],
  lrt: ['LRT', 'r'],
  linformer: ['Linformer', 'k'],
}
/** `LRT, r = 16`. */
export function modelName({ model, rank }: Pick<EffectRun, 'model' | 'rank'>): string {
  const [name, letter] = NAMES[model] ?? [model, 'r']
  return rank === undefined ? name : `${name}, ${letter} = ${rank}`
}
export const modelWord = (model: string): string => NAMES[model]?.[0] ?? model
export const groupName = ({ tokens, width, layers }: EffectGroup): string =>
  `${tokens} tokens, width ${width}, ${layers} ${layers === 1 ? 'layer' : 'layers'}`

export interface Spread {
  readonly n: number
  readonly mean: number
  readonly least: number
  readonly most: number
}

/** A measure over the seeds. */
export function spreadOf(run: EffectRun, measure: string): Spread | undefined {
  const values = run.trained.flatMap(p => measured(p, measure)?.median ?? [])
  if (values.length === 0) return undefined
  const mean = values.reduce((a, b) => a + b, 0) / values.length
  return { n: values.length, mean, least: Math.min(...values), most: Math.max(...values) }
}

/** Where the truth may lie: over the seeds, or of one seed the 95 % interval of its test images. */
export function accuracyRange(run: EffectRun): { readonly lower: number; readonly upper: number } | undefined {
  const over = spreadOf(run, 'testAccuracy')
  if (!over) return undefined
  if (over.n > 1) return { lower: over.least, upper: over.most }
  const [lower, upper] = ['testLowerAccuracy', 'testUpperAccuracy'].map(name => measured(run.trained[0], name)?.median)
  return lower === undefined || upper === undefined ? undefined : { lower, upper }
}

/**
 * Median step of a run: timed alone on the same machine where that was done, else the least of its trainings. Undefined where others used the
 * machine in one of them: its time says nothing then.
 */
export function stepSeconds(run: EffectRun, group: EffectGroup, all: readonly EffectGroup[]): number | undefined {
  const timed = measured(timedAlone(run, group, all)?.timed, 'trainStepSeconds')?.median
  if (timed !== undefined) return timed
  return run.trained.every(p => p.foreignLoad < BUSY_SHARE) ? spreadOf(run, 'trainStepSeconds')?.least : undefined
}

const timedAlone = (run: EffectRun, group: EffectGroup, all: readonly EffectGroup[]): EffectRun | undefined =>
  all.filter(g => g.job === 'cost' && g.tokens === group.tokens && g.width === group.width && g.layers === group.layers && machineName(g.result) === machineName(group.result)).flatMap(g => g.runs).find(r => r.model === run.model && r.rank === run.rank && r.batch === run.batch && (r.timed?.foreignLoad ?? 1) < BUSY_SHARE) // biome-ignore format: one thought

/** Of a whole training: its steps times the median step, so that bursts of others count little. */
export function trainingSeconds(run: EffectRun, group: EffectGroup, all: readonly EffectGroup[]): number | undefined {
  const step = stepSeconds(run, group, all)
  return step === undefined ? undefined : (step * run.examples) / run.batch
}

/** Curves of a run: examples seen -> the measure over the seeds that have it. */
export function curveOf(
  run: EffectRun,
  measure: string,
): readonly { readonly examples: number; readonly spread: Spread }[] {
  const ends = new Set(run.trained.flatMap(p => Object.keys(p.measures).flatMap(name => /^curve\.(\d+)\./.exec(name)?.[1] ?? []))) // biome-ignore format: one thought
  return [...ends]
    .map(Number)
    .sort((a, b) => a - b)
    .flatMap(examples => {
      const spread = spreadOf(run, `curve.${examples}.${measure}`)
      return spread ? [{ examples, spread }] : []
    })
}
