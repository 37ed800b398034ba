import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import type { Graph, Tensor } from '../../graph/graph.ts'
import { add, concat, matmul, mul, pickRows, reshape, slice, softmax } from '../../graph/ops.ts'
import { attend, type Chance, joinHeads, splitHeads } from './attention.ts'
import { HIDDEN, joined, paddingBias } from './attentionBias.ts'
import { fixedBlocks, type RandomBlocks } from './blockPattern.ts'
import { project } from './projection.ts'
import { dropped } from './training.ts'
import type { Weights } from './weights.ts'

export interface BlockSparseOptions {
  /** Tokens in a block. */
  readonly block: number
  readonly random: RandomBlocks
  /** [batch, length]: 1 for tokens, 0 for padding, which no query then sees. Absent: no padding. */
  readonly real?: Tensor | undefined
  readonly chance?: Chance | undefined
  /** Terms that are added to the logits before the softmax, such as those of position. */
  readonly terms?: ((rows: BlockRows) => Tensor) | undefined
  /** Numbers of keys that are gathered at once; default MOST_KEYS. It changes memory and time, not the result. */
  readonly gathered?: number
}

/** Query blocks and the key blocks that each of them reads: [head][query][slot], undefined for an empty slot. */
export interface BlockRows {
  readonly queries: readonly number[]
  readonly keys: readonly (readonly (readonly (number | undefined)[])[])[]
  readonly slots: number
}

/**
 * Numbers of keys that are gathered at once (float32, 32 MiB): memory does not grow with the length. Measured on two cores, 8 heads of 192:
 * at 6,144 tokens 285 MB instead of 1,069, in the same time.
 */
const MOST_KEYS = 2 ** 23

/** Consecutive query blocks that read equally many key blocks: they are one batched product. */
interface Group {
  readonly first: number
  /** Key blocks of each query block: [head][query][slot]; undefined where a head lists fewer than others. */
  readonly keys: (readonly (number | undefined)[])[][]
  readonly slots: number
}

/**
 * BigBird attention (Zaheer et al. 2020): the first and last block read all tokens; every other block reads the first, the
 * last, itself, its neighbours and the listed random blocks, in one softmax. Keys are gathered block by block, so that cost and
 * memory grow with the listed pairs, not with length². A random block that repeats another counts as often as it is listed.
 * q, k [batch, heads, length, size], v [batch, heads, length, valueSize] -> [batch, heads, length, valueSize].
 * @throws WorkbenchError `bad-input` for a length that is not a multiple of the block, `bad-model` for a pattern that does not fit
 */
export function blockSparseAttend(q: Tensor, k: Tensor, v: Tensor, options: BlockSparseOptions): Tensor {
  const { block, real, chance, terms } = options
  const [batch, heads, length, size] = q.shape as readonly [number, number, number, number]
  const valueSize = v.shape[3]!
  const blocks = length / block
  if (!Number.isInteger(blocks))
    throw new WorkbenchError(
      'bad-input',
      `${length} tokens are not a multiple of blocks of ${block}`,
      'pad the sequence',
    )
  const everyBlock = Array.from({ length: blocks }, (_, i) => i)
  /** Query blocks that read all tokens. */
  const wholeTerms = (queries: readonly number[]) =>
    terms &&
    reshape(terms({ queries, keys: Array.from({ length: heads }, () => queries.map(() => everyBlock)), slots: blocks }), [batch, heads, queries.length * block, length]) // biome-ignore format: one thought
  if (blocks <= 2) return attend(q, k, v, joined(real && paddingBias(real), wholeTerms(everyBlock)), chance)
  // The gradient keeps the keys of all groups, so that it would only be slower for having more of them.
  const together = (slots: number) => chance?.training ? blocks : Math.max(1, Math.floor((options.gathered ?? MOST_KEYS) / (batch * heads * slots * block * size))) // biome-ignore format: one thought
  const groups = groupsOf(options.random, heads, blocks, together)
  const ends = concat([slice(q, 2, 0, block), slice(q, 2, length - block, length)], 2)
  const whole = attend(ends, k, v, joined(real && paddingBias(real), wholeTerms([0, blocks - 1])), chance)
  const rowsOf = (x: Tensor, width: number) => reshape(x, [batch, heads * blocks, block * width])
  const keyRows = rowsOf(k, size)
  const valueRows = rowsOf(v, valueSize)
  const scaled = reshape(mul(q, 1 / Math.sqrt(size)), [batch, heads, blocks, block, size])
  const parts = groups.map(group => {
    const queries = group.keys[0]!.length
    const list = group.keys.flatMap((rows, head) => rows.flatMap(row => row.map(key => head * blocks + (key ?? 0))))
    const picked = (x: Tensor, width: number) =>
      reshape(pickRows(x, list), [batch, heads, queries, group.slots * block, width])
    const rows = slice(scaled, 2, group.first, group.first + queries)
    let logits = matmul(rows, picked(keyRows, size), { transposeB: true })
    const bias = hiddenKeys(q.graph, group, options, batch)
    if (bias) logits = add(logits, bias)
    if (terms) logits = add(logits, terms({ ...group, queries: Array.from({ length: queries }, (_, i) => group.first + i) })) // biome-ignore format: one thought
    const shares = dropped(chance?.training, softmax(logits), chance?.dropout ?? 0)
    return reshape(matmul(shares, picked(valueRows, valueSize)), [batch, heads, queries * block, valueSize])
  })
  return concat([slice(whole, 2, 0, block), ...parts, slice(whole, 2, block, 2 * block)], 2)
}

/** Very negative where a slot is empty or its token is padding: broadcasts to [batch, heads, queries, block, keys]. */
function hiddenKeys(graph: Graph, group: Group, options: BlockSparseOptions, batch: number): Tensor | undefined {
  const { block, real } = options
  const flat = group.keys.flat(2)
  const shape = [group.keys.length, group.keys[0]!.length, 1, group.slots * block]
  let bias: Tensor | undefined
  if (real) {
    const padding = reshape(paddingBias(real), [batch, real.shape[1]! / block, block])
    const picked = pickRows(
      padding,
      flat.map(key => key ?? 0),
    )
    bias = reshape(picked, [batch, ...shape])
  }
  if (!flat.includes(undefined)) return bias
  const values = flat.flatMap(key => new Array<number>(block).fill(key === undefined ? HIDDEN : 0))
  const empty = graph.constant(values, [1, ...shape])
  return bias ? add(bias, empty) : empty
}

function groupsOf(
  random: RandomBlocks,
  heads: number,
  blocks: number,
  together: (slots: number) => number,
): readonly Group[] {
  const fault = (what: string) =>
    new WorkbenchError(
      'bad-model',
      `attention pattern: ${what}`,
      'give the pattern that belongs to this network and length',
    )
  if (random.length !== heads) throw fault(`${random.length} heads, the network has ${heads}`)
  const groups: Group[] = []
  for (let query = 1; query < blocks - 1; query++) {
    const fixed = fixedBlocks(query, blocks)
    const drawn = random.map((rows, head) => {
      if (rows.length !== blocks - 2)
        throw fault(`head ${head} has ${rows.length} rows, ${blocks} blocks need ${blocks - 2}`)
      const listed = rows[query - 1]!.filter(block => block !== -1)
      const wrong = listed.find(block => !Number.isInteger(block) || block < 0 || block >= blocks)
      if (wrong !== undefined) throw fault(`head ${head}, query block ${query} lists block ${wrong} of ${blocks}`)
      return listed
    })
    const slots = fixed.length + Math.max(...drawn.map(list => list.length))
    const rows = drawn.map(list => {
      const row: (number | undefined)[] = [...fixed, ...list]
      while (row.length < slots) row.push(undefined)
      return row
    })
    const last = groups.at(-1)
    if (last?.slots === slots && last.keys[0]!.length < together(slots))
      last.keys.forEach((head, i) => {
        head.push(rows[i]!)
      })
    else groups.push({ first: query, keys: rows.map(row => [row]), slots })
  }
  return groups
}

/** Block-sparse self-attention with its four maps (weights as of `attentionSpecs`): [batch, length, width] -> the same. */
export function blockSparseAttention(
  weights: Weights,
  name: string,
  x: Tensor,
  options: BlockSparseOptions & { readonly heads: number },
): Tensor {
  const part = (map: string) => splitHeads(project(weights, `${name}.${map}`, x), options.heads)
  return project(weights, `${name}.o`, joinHeads(blockSparseAttend(part('q'), part('k'), part('v'), options)))
}
