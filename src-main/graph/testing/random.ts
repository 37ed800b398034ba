export { type Random, seededRandom } from '../../../src-shared/random.ts'
