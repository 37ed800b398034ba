/** Training losses, each a scalar tensor. */
export { binaryCrossEntropy } from './losses/binaryCrossEntropy.ts'
export { crossEntropy } from './losses/crossEntropy.ts'
export { poisson, poissonMultinomial } from './losses/poisson.ts'
export { squaredError } from './losses/squaredError.ts'
