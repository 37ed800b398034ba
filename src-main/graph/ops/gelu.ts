import type { Tensor } from '../graph.ts'
import { attributeError, shapeError } from '../graphErrors.ts'
import type { Operation } from '../operation.ts'
import { isFloat } from '../types.ts'
import { add } from './add.ts'
import { elementwiseLocality } from './elementwise.ts'
import { erf } from './erf.ts'
import { emitErf64, erfOf } from './erfSeries.ts'
import { exp } from './exp.ts'
import { mul } from './mul.ts'
import { sigmoid } from './sigmoid.ts'
import { sub } from './sub.ts'
import { tanh } from './tanh.ts'

/**
 * - erf: x·Φ(x), exact (BERT)
 * - tanh: 0.5x(1 + tanh(√(2/π)(x + 0.044715x³))) (baskerville, Keras)
 * - sigmoid: x·sigmoid(1.702x) (Enformer)
 */
export type GeluForm = 'erf' | 'tanh' | 'sigmoid'
type GeluAttributes = { readonly form: GeluForm }

const slope = Math.sqrt(2 / Math.PI)
const cubic = 0.044715
const steep = 1.702

export const geluOperation: Operation<GeluAttributes> = {
  name: 'gelu',
  infer(inputs, { form }) {
    const [x] = inputs
    if (inputs.length !== 1 || x === undefined || !isFloat(x.dtype))
      throw shapeError('gelu', 'one float tensor', inputs)
    if (form !== 'erf' && form !== 'tanh' && form !== 'sigmoid')
      throw attributeError('gelu', 'form', 'erf, tanh or sigmoid', form)
    return [{ shape: x.shape, dtype: x.dtype }]
  },
  emit({ inputs, outputs, attributes: { form } }, to) {
    const x = inputs[0]!
    const scalar = (value: number) => to.constant(x.dtype, [], [value])
    // Each sequence is one that ONNX Runtime recognises and runs as one kernel.
    if (form === 'sigmoid' && x.dtype === 'float64') {
      const power = to.node('Exp', [to.node('Mul', [x, scalar(-steep)])])
      to.node('Div', [x, to.node('Add', [power, scalar(1)])], {}, outputs)
      return
    }
    if (form === 'sigmoid') {
      to.node('Mul', [x, to.node('Sigmoid', [to.node('Mul', [x, scalar(steep)])])], {}, outputs)
      return
    }
    if (form === 'erf') {
      const scaled = to.node('Div', [x, scalar(Math.SQRT2)])
      let bell: string
      if (x.dtype === 'float64') {
        bell = `${scaled}_erf`
        emitErf64(to, scaled, bell)
      } else bell = to.node('Erf', [scaled])
      const gate = to.node('Add', [bell, scalar(1)])
      to.node('Mul', [to.node('Mul', [x, gate]), scalar(0.5)], {}, outputs)
      return
    }
    const cube = to.node('Pow', [x, scalar(3)])
    const bent = to.node('Add', [x, to.node('Mul', [cube, scalar(cubic)])])
    const gate = to.node('Add', [to.node('Tanh', [to.node('Mul', [bent, scalar(slope)])]), scalar(1)])
    to.node('Mul', [to.node('Mul', [x, scalar(0.5)]), gate], {}, outputs)
  },
  gradient({ inputs, attributes: { form } }, [upstream]) {
    return [upstream && mul(upstream, derivative(inputs[0]!, form))]
  },
  locality: elementwiseLocality,
  part: () => 'same',
  evaluate([x], { attributes: { form } }) {
    const compute = {
      erf: (v: number) => 0.5 * v * (1 + erfOf(v / Math.SQRT2)),
      tanh: (v: number) => 0.5 * v * (1 + Math.tanh(slope * (v + cubic * v ** 3))),
      sigmoid: (v: number) => v / (1 + Math.exp(-steep * v)),
    }[form]
    return [{ ...x!, values: x!.values.map(compute) }]
  },
}

/** The closed derivative, in few passes over x. */
function derivative(x: Tensor, form: GeluForm): Tensor {
  switch (form) {
    case 'erf': {
      // Φ(x) + x·φ(x) = ½(1 + erf t + t·e^(ln(2/√π) - t²)), t = x/√2
      const t = mul(x, Math.SQRT1_2)
      const bell = mul(t, exp(sub(Math.log(2 / Math.sqrt(Math.PI)), mul(t, t))))
      return mul(add(add(erf(t), bell), 1), 0.5)
    }
    case 'sigmoid': {
      // s + 1.702x·s·(1 - s)
      const s = sigmoid(mul(x, steep))
      return mul(s, add(mul(mul(x, steep), sub(1, s)), 1))
    }
    case 'tanh': {
      // 0.5(1 + t) + 0.5x(1 - t²)·√(2/π)(1 + 3·0.044715x²)
      const square = mul(x, x)
      const t = tanh(mul(x, add(mul(square, slope * cubic), slope)))
      const bend = mul(x, add(mul(square, 1.5 * slope * cubic), 0.5 * slope))
      return add(mul(add(t, 1), 0.5), mul(bend, sub(1, mul(t, t))))
    }
  }
}

/** Gaussian error linear unit in one of its three published forms; they differ, so the form is always stated. */
export const gelu = (x: Tensor, form: GeluForm): Tensor => x.graph.apply1(geluOperation, [x], { form })
