import { Matrix, SingularValueDecomposition } from 'ml-matrix'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { rankOfEnergy } from '../../../src-shared/lab/compression.ts'
import { type DenseMatrix, distance, norm, product, transpose } from './matrix.ts'

/** W (m x n) ≈ left (m x r) · right (r x n), with what it lost. */
export interface Factors {
  readonly left: DenseMatrix
  readonly right: DenseMatrix
  readonly rank: number
  /** ‖W - left·right‖, Frobenius. */
  readonly error: number
  /** error / ‖W‖; 0 for a matrix of zeros. */
  readonly relativeError: number
  /** 1 - relativeError²; for the truncated SVD that is Σ of the kept σ² over Σ of all. */
  readonly keptEnergy: number
}

export type RankChoice = { readonly rank: number } | { readonly keptEnergy: number }

/** Singular value decomposition with a fixed sign: the entry of largest magnitude of each left vector is positive. */
export interface Svd {
  /** m x k, k = min(m, n) */
  readonly left: DenseMatrix
  /** Descending, k of them. */
  readonly values: Float64Array
  /** k x n */
  readonly right: DenseMatrix
}

/** Full SVD in float64. @throws WorkbenchError `not-finite` */
export function svd(w: DenseMatrix): Svd {
  requireFinite(w)
  const k = Math.min(w.rows, w.columns)
  const wide = w.columns > w.rows // ml-matrix wants at least as many rows as columns
  const source = wide ? transpose(w) : w
  const decomposition = new SingularValueDecomposition(Matrix.from1DArray(source.rows, source.columns, source.data), { autoTranspose: false }) // biome-ignore format: one call
  const u = fromMatrix(decomposition.leftSingularVectors, source.rows, k)
  const v = fromMatrix(decomposition.rightSingularVectors, source.columns, k)
  const [left, rightColumns] = wide ? [v, u] : [u, v]
  const right = transpose(rightColumns)
  for (let c = 0; c < k; c++) {
    let largest = 0
    for (let i = 0; i < left.rows; i++) {
      const x = left.data[i * k + c] as number
      if (Math.abs(x) > Math.abs(largest)) largest = x
    }
    if (largest >= 0) continue
    for (let i = 0; i < left.rows; i++) left.data[i * k + c] = -(left.data[i * k + c] as number)
    for (let j = 0; j < right.columns; j++)
      right.data[c * right.columns + j] = -(right.data[c * right.columns + j] as number)
  }
  return { left, values: Float64Array.from(decomposition.diagonal.slice(0, k)), right }
}

/**
 * Best approximation of a given rank in the Frobenius norm (Eckart and Young 1936): left = U·Σ, right = Vᵀ, error √(Σ_{i>r} σ²).
 * @throws WorkbenchError `bad-input` (a rank that is none), `not-finite`
 */
export function truncatedSvd(w: DenseMatrix, choice: RankChoice): Factors {
  const { left, values, right } = svd(w)
  const rank = 'rank' in choice ? checkedRank(choice.rank, w) : rankOfEnergy(values, choice.keptEnergy)
  const scaled = new Float64Array(w.rows * rank)
  for (let i = 0; i < w.rows; i++)
    for (let c = 0; c < rank; c++)
      scaled[i * rank + c] = (left.data[i * values.length + c] as number) * (values[c] as number)
  const factors = {
    left: { rows: w.rows, columns: rank, data: scaled },
    right: { rows: rank, columns: w.columns, data: right.data.slice(0, rank * w.columns) },
  }
  return described(w, factors.left, factors.right)
}

export interface NmfOptions {
  readonly rank: number
  readonly iterations: number
  /** Uniform numbers from 0 to 1: the start. The same numbers, the same factors. */
  random(): number
  /** Told the error after each iteration. */
  onIteration?(error: number): void
}

/** Keeps a division by zero away without moving the result: far below any product of weights. */
const TINY = 1e-300

/**
 * Non-negative factors of a non-negative matrix by multiplicative updates (Lee and Seung 2001), which never increase the error.
 * @throws WorkbenchError `bad-input` when a weight is negative
 */
export function nmf(w: DenseMatrix, options: NmfOptions): Factors {
  requireFinite(w)
  const negative = w.data.findIndex(x => x < 0)
  if (negative >= 0) throw new WorkbenchError('bad-input', `NMF needs weights of at least 0; element ${negative} is ${w.data[negative]}`, 'use semi-NMF or SVD') // biome-ignore format: one thought
  const rank = checkedRank(options.rank, w)
  const scale = Math.sqrt(w.data.reduce((a, b) => a + b, 0) / (w.data.length * rank || 1)) || 1
  const start = (rows: number, columns: number): DenseMatrix => ({ rows, columns, data: Float64Array.from({ length: rows * columns }, () => (options.random() + 0.1) * scale) }) // biome-ignore format: one thought
  const p = start(w.rows, rank)
  const q = start(rank, w.columns)
  for (let i = 0; i < options.iterations; i++) {
    const pt = transpose(p)
    scaleBy(q, product(pt, w), product(product(pt, p), q))
    const qt = transpose(q)
    scaleBy(p, product(w, qt), product(p, product(q, qt)))
    options.onIteration?.(distance(w, product(p, q)))
  }
  return described(w, p, q)
}

function scaleBy(target: DenseMatrix, numerator: DenseMatrix, denominator: DenseMatrix): void {
  for (let i = 0; i < target.data.length; i++)
    target.data[i] =
      ((target.data[i] as number) * (numerator.data[i] as number)) / ((denominator.data[i] as number) + TINY)
}

/**
 * Semi-NMF (Ding, Li and Jordan 2010): W of any sign, left free by least squares, right at least 0 by
 * Q ← Q·√(([PᵀW]⁺ + [PᵀP]⁻Q) / ([PᵀW]⁻ + [PᵀP]⁺Q)). The error never increases.
 */
export function semiNmf(w: DenseMatrix, options: NmfOptions): Factors {
  requireFinite(w)
  const rank = checkedRank(options.rank, w)
  const q: DenseMatrix = { rows: rank, columns: w.columns, data: Float64Array.from({ length: rank * w.columns }, () => options.random() + 0.1) } // biome-ignore format: one thought
  let p = leastSquaresLeft(w, q)
  for (let i = 0; i < options.iterations; i++) {
    const pt = transpose(p)
    const ptw = product(pt, w)
    const ptp = product(pt, p)
    const plus = part(ptp, 1)
    const minus = part(ptp, -1)
    const up = product(minus, q)
    const down = product(plus, q)
    for (let e = 0; e < q.data.length; e++) {
      const x = ptw.data[e] as number
      const numerator = Math.max(x, 0) + (up.data[e] as number)
      const denominator = Math.max(-x, 0) + (down.data[e] as number) + TINY
      q.data[e] = (q.data[e] as number) * Math.sqrt(numerator / denominator)
    }
    p = leastSquaresLeft(w, q)
    options.onIteration?.(distance(w, product(p, q)))
  }
  return described(w, p, q)
}

/** Positive (sign 1) or negative (sign -1) part, both as numbers of at least 0. */
const part = (a: DenseMatrix, sign: 1 | -1): DenseMatrix => ({ ...a, data: a.data.map(x => Math.max(sign * x, 0)) })

/** P = W·Qᵀ·(Q·Qᵀ)⁺: by Cholesky, or by the pseudo-inverse where rows of Q became dependent. */
function leastSquaresLeft(w: DenseMatrix, q: DenseMatrix): DenseMatrix {
  const qt = transpose(q)
  const gram = product(q, qt)
  return choleskySolve(gram, product(w, qt)) ?? product(product(w, qt), pseudoInverse(gram))
}

/** Below this share of the largest pivot two rows count as dependent. */
const DEPENDENT = 1e-12

/** X of X·A = B for a positive definite A; undefined when it is none. */
function choleskySolve(a: DenseMatrix, b: DenseMatrix): DenseMatrix | undefined {
  const n = a.rows
  const l = Float64Array.from(a.data)
  let largest = 0
  for (let i = 0; i < n; i++) largest = Math.max(largest, l[i * n + i] as number)
  for (let j = 0; j < n; j++) {
    for (let k = 0; k < j; k++) {
      const f = l[j * n + k] as number
      for (let i = j; i < n; i++) l[i * n + j] = (l[i * n + j] as number) - f * (l[i * n + k] as number)
    }
    const pivot = l[j * n + j] as number
    if (!(pivot > DEPENDENT * largest)) return undefined
    const root = Math.sqrt(pivot)
    for (let i = j; i < n; i++) l[i * n + j] = (l[i * n + j] as number) / root
  }
  const x = Float64Array.from(b.data)
  for (let r = 0; r < b.rows; r++) {
    const at = r * n
    for (let i = 0; i < n; i++) {
      let sum = x[at + i] as number
      for (let k = 0; k < i; k++) sum -= (l[i * n + k] as number) * (x[at + k] as number)
      x[at + i] = sum / (l[i * n + i] as number)
    }
    for (let i = n - 1; i >= 0; i--) {
      let sum = x[at + i] as number
      for (let k = i + 1; k < n; k++) sum -= (l[k * n + i] as number) * (x[at + k] as number)
      x[at + i] = sum / (l[i * n + i] as number)
    }
  }
  return { rows: b.rows, columns: n, data: x }
}

function pseudoInverse(a: DenseMatrix): DenseMatrix {
  const { left, values, right } = svd(a)
  const limit = (values[0] ?? 0) * DEPENDENT
  const r = a.rows
  const inverse = new Float64Array(r * r)
  for (let c = 0; c < r; c++) {
    const s = values[c] as number
    if (s <= limit) continue
    for (let i = 0; i < r; i++)
      for (let j = 0; j < r; j++)
        inverse[i * r + j] = (inverse[i * r + j] as number) + ((right.data[c * r + i] as number) * (left.data[j * r + c] as number)) / s // biome-ignore format: one sum
  }
  return { rows: r, columns: r, data: inverse }
}

function described(w: DenseMatrix, left: DenseMatrix, right: DenseMatrix): Factors {
  const error = distance(w, product(left, right))
  const total = norm(w)
  const relativeError = total === 0 ? 0 : error / total
  return { left, right, rank: left.columns, error, relativeError, keptEnergy: 1 - relativeError ** 2 }
}

function checkedRank(rank: number, w: DenseMatrix): number {
  const most = Math.min(w.rows, w.columns)
  if (!Number.isInteger(rank) || rank < 1 || rank > most) throw new WorkbenchError('bad-input', `rank ${rank} is not a whole number from 1 to ${most}`, 'choose a rank within the matrix') // biome-ignore format: one thought
  return rank
}

function requireFinite(w: DenseMatrix): void {
  const at = w.data.findIndex(x => !Number.isFinite(x))
  if (at >= 0) throw new WorkbenchError('not-finite', `weight ${at} is ${w.data[at]}`, 'use weights of a training that converged') // biome-ignore format: one thought
}

const fromMatrix = (m: Matrix, rows: number, columns: number): DenseMatrix => {
  const data = new Float64Array(rows * columns)
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) data[i * columns + j] = m.get(i, j)
  return { rows, columns, data }
}
