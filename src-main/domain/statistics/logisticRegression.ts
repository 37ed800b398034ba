import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { cholesky, solve } from './cholesky.ts'

/** Settings of a fit. */
export interface LogisticOptions {
  /**
   * Strength of the data against an L2 penalty, as scikit-learn states it: minimises |w|²/2 + inverseStrength · (negative
   * log-likelihood summed over rows), intercept not penalised. Absent: maximum likelihood.
   */
  readonly inverseStrength?: number
  readonly maxIterations?: number
}

export interface LogisticFit {
  readonly intercept: number
  /** One a column. */
  readonly coefficients: Float64Array
  /** Log-likelihood of the data, natural logarithm, without the penalty. */
  readonly logLikelihood: number
  /** Square roots of the diagonal of the inverse Hessian: intercept first. With a penalty they are not confidence intervals. */
  readonly standardErrors: Float64Array
  readonly iterations: number
}

/**
 * Binary logistic regression by Newton's method with step halving, in float64 (Agresti 2013, section 5.5).
 * `rows` is [n][features]; labels are 0 and 1.
 * @throws WorkbenchError `bad-input` for shapes that do not agree, labels other than 0 and 1, one class alone, columns that
 * are linearly dependent, or classes that a plane separates completely (the maximum does not exist then).
 */
export function fitLogistic(
  rows: readonly ArrayLike<number>[],
  labels: ArrayLike<number>,
  options: LogisticOptions = {},
): LogisticFit {
  const features = checkRows(rows, labels)
  const strength = options.inverseStrength
  if (strength !== undefined && !(strength > 0 && Number.isFinite(strength)))
    throw bad(`inverse strength of the penalty is ${strength}`, 'give a positive number')
  const dataWeight = strength ?? 1
  const penalty = strength === undefined ? 0 : 1
  const width = features + 1
  const limit = options.maxIterations ?? 100
  let w = new Float64Array(width)
  let objective = objectiveOf(rows, labels, w, dataWeight, penalty)
  for (let iteration = 1; iteration <= limit; iteration++) {
    const { gradient, hessian } = derivatives(rows, labels, w, dataWeight, penalty)
    const factor = cholesky(hessian, width)
    if (!factor) throw unidentified(w)
    const step = solve(factor, gradient, width)
    let size = 1
    let next = w
    let nextObjective = Number.POSITIVE_INFINITY
    while (size > 1e-10) {
      next = w.map((value, i) => value - size * step[i]!)
      nextObjective = objectiveOf(rows, labels, next, dataWeight, penalty)
      if (nextObjective <= objective + 1e-12 * Math.abs(objective)) break
      size /= 2
    }
    const change = Math.max(...step.map((s, i) => (size * Math.abs(s)) / (1 + Math.abs(w[i]!))))
    w = next
    objective = nextObjective
    // Complete separation: the likelihood grows for ever and the coefficients with it.
    if (penalty === 0 && separated(rows, labels, w)) throw unidentified(w)
    if (change < 1e-12) {
      const final = derivatives(rows, labels, w, dataWeight, penalty)
      const last = cholesky(final.hessian, width)
      if (!last) throw unidentified(w)
      return {
        intercept: w[0]!,
        coefficients: w.slice(1),
        logLikelihood: logLikelihoodOf(rows, labels, w),
        standardErrors: Float64Array.from({ length: width }, (_, i) => {
          const unit = new Float64Array(width)
          unit[i] = 1
          return Math.sqrt(solve(last, unit, width)[i]!)
        }),
        iterations: iteration,
      }
    }
  }
  throw unidentified(w)
}

/** Probability of label 1 of each row. */
export const predictLogistic = (
  fit: Pick<LogisticFit, 'intercept' | 'coefficients'>,
  rows: readonly ArrayLike<number>[],
): Float64Array => logisticScores(fit, rows).map(sigmoid)

/** log odds of label 1 of each row. @throws WorkbenchError `bad-input` for a row of another length than the coefficients */
export function logisticScores(
  fit: Pick<LogisticFit, 'intercept' | 'coefficients'>,
  rows: readonly ArrayLike<number>[],
): Float64Array {
  const w = Float64Array.of(fit.intercept, ...fit.coefficients)
  return Float64Array.from(rows, row => {
    if (row.length !== fit.coefficients.length)
      throw bad(
        `a row has ${row.length} values, the model ${fit.coefficients.length} coefficients`,
        'give one value a coefficient',
      )
    return linear(row, w)
  })
}

const bad = (message: string, remedy: string) => new WorkbenchError('bad-input', message, remedy)

const unidentified = (w: Float64Array) =>
  bad(
    `logistic regression has no unique maximum (coefficients reached ${[...w].map(v => v.toPrecision(3)).join(', ')})`,
    'drop columns that repeat each other, or use an L2 penalty when the columns separate the classes',
  )

function checkRows(rows: readonly ArrayLike<number>[], labels: ArrayLike<number>): number {
  if (rows.length !== labels.length || rows.length === 0)
    throw bad(`${rows.length} rows and ${labels.length} labels`, 'give one label a row, and at least one row')
  const features = rows[0]!.length
  let positives = 0
  rows.forEach((row, i) => {
    if (row.length !== features)
      throw bad(`row ${i} has ${row.length} values, row 0 has ${features}`, 'give rows of one length')
    for (let j = 0; j < features; j++)
      if (!Number.isFinite(row[j]!)) throw bad(`row ${i} column ${j} is ${row[j]}`, 'drop or fill missing values first')
    if (labels[i] !== 0 && labels[i] !== 1) throw bad(`label of row ${i} is ${labels[i]}`, 'labels are 0 and 1')
    positives += labels[i]!
  })
  if (positives === 0 || positives === rows.length)
    throw bad(`all ${rows.length} labels are ${positives === 0 ? 0 : 1}`, 'give rows of both classes')
  return features
}

function linear(row: ArrayLike<number>, w: Float64Array): number {
  let z = w[0]!
  for (let j = 0; j < row.length; j++) z += row[j]! * w[j + 1]!
  return z
}

const sigmoid = (z: number): number => (z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z)))

/** ln(1 + e^z) without overflow. */
const softplus = (z: number): number => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)))

function logLikelihoodOf(rows: readonly ArrayLike<number>[], labels: ArrayLike<number>, w: Float64Array): number {
  let sum = 0
  rows.forEach((row, i) => {
    const z = linear(row, w)
    sum += labels[i]! * z - softplus(z)
  })
  return sum
}

function objectiveOf(
  rows: readonly ArrayLike<number>[],
  labels: ArrayLike<number>,
  w: Float64Array,
  dataWeight: number,
  penalty: number,
): number {
  let squares = 0
  for (let j = 1; j < w.length; j++) squares += w[j]! * w[j]!
  return (penalty * squares) / 2 - dataWeight * logLikelihoodOf(rows, labels, w)
}

/** Every row on its own side by more than a probability of 1 - 1e-9: the likelihood has no maximum. */
const separated = (rows: readonly ArrayLike<number>[], labels: ArrayLike<number>, w: Float64Array): boolean =>
  rows.every((row, i) => (labels[i] === 1 ? 1 : -1) * linear(row, w) > 20)

function derivatives(
  rows: readonly ArrayLike<number>[],
  labels: ArrayLike<number>,
  w: Float64Array,
  dataWeight: number,
  penalty: number,
): { gradient: Float64Array; hessian: Float64Array } {
  const width = w.length
  const gradient = new Float64Array(width)
  const hessian = new Float64Array(width * width)
  const x = new Float64Array(width)
  x[0] = 1
  rows.forEach((row, r) => {
    for (let j = 0; j < row.length; j++) x[j + 1] = row[j]!
    const p = sigmoid(linear(row, w))
    for (let i = 0; i < width; i++) {
      gradient[i]! += dataWeight * (p - labels[r]!) * x[i]!
      for (let j = 0; j < width; j++) hessian[i * width + j]! += dataWeight * p * (1 - p) * x[i]! * x[j]!
    }
  })
  for (let i = 1; i < width; i++) {
    gradient[i]! += penalty * w[i]!
    hessian[i * width + i]! += penalty
  }
  return { gradient, hessian }
}
