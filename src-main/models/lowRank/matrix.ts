/** A dense matrix in row-major order, float64: factorisations are computed wider than the weights are stored. */
export interface DenseMatrix {
  readonly rows: number
  readonly columns: number
  readonly data: Float64Array
}

export const denseMatrix = (rows: number, columns: number, data: ArrayLike<number>): DenseMatrix => ({
  rows,
  columns,
  data: data instanceof Float64Array ? data : Float64Array.from(data),
})

/** a · b */
export function product(a: DenseMatrix, b: DenseMatrix): DenseMatrix {
  const out = new Float64Array(a.rows * b.columns)
  for (let i = 0; i < a.rows; i++)
    for (let k = 0; k < a.columns; k++) {
      const x = a.data[i * a.columns + k] as number
      if (x === 0) continue
      for (let j = 0; j < b.columns; j++)
        out[i * b.columns + j] = (out[i * b.columns + j] as number) + x * (b.data[k * b.columns + j] as number)
    }
  return { rows: a.rows, columns: b.columns, data: out }
}

export function transpose(a: DenseMatrix): DenseMatrix {
  const out = new Float64Array(a.data.length)
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < a.columns; j++) out[j * a.rows + i] = a.data[i * a.columns + j] as number
  return { rows: a.columns, columns: a.rows, data: out }
}

/** Frobenius norm. */
export function norm(a: DenseMatrix): number {
  let sum = 0
  for (const x of a.data) sum += x * x
  return Math.sqrt(sum)
}

/** Frobenius norm of a - b. */
export function distance(a: DenseMatrix, b: DenseMatrix): number {
  let sum = 0
  for (let i = 0; i < a.data.length; i++) sum += ((a.data[i] as number) - (b.data[i] as number)) ** 2
  return Math.sqrt(sum)
}
