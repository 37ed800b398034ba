import { expect, it } from 'vitest'
import { Graph } from '../../graph/graph.ts'
import { convolved, mapped, project } from './projection.ts'
import { Weights, weight } from './weights.ts'

// Truth: the order in which the shipped models were trained. Gradients are summed in it, so that another one gives other bytes.
it.each([
  ['a matrix', [weight('m.bias', 3), weight('m.weight', 3, 2)], ['m.weight', 'm.bias']],
  ['two factors', [weight('m.up.bias', 3), weight('m.up.weight', 3, 1), weight('m.down.weight', 1, 2)], ['m.down.weight', 'm.up.weight', 'm.up.bias']], // biome-ignore format: one line
] as const)('asks for %s before the bias', (_, specs, order) => {
  for (const apply of [project, convolved]) {
    const graph = new Graph()
    const weights = new Weights(graph, specs)
    apply(weights, 'm', graph.input('x', apply === project ? [4, 2] : [1, 2, 4]))
    expect(graph.leaves('parameter').map(t => t.node.leaf?.name)).toEqual(order)
  }
  const graph = new Graph()
  mapped(new Weights(graph, specs), 'm', graph.input('x', [4, 2]))
  expect(graph.leaves('parameter').map(t => t.node.leaf?.name)).toEqual(order.slice(0, -1))
})
