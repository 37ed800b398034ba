import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { type MessageEnd, messageChannel } from './channel.ts'
import type { Frame } from './frames.ts'

/** A port with Electron's event shape, over a real MessageChannel of Node. */
const end = (port: MessagePort): MessageEnd => ({
  on: (_event, listener) => port.on('message', (data: unknown) => listener({ data })),
  postMessage: m => port.postMessage(m),
})
const frame = (header: unknown): Frame => ({ header, buffers: [Uint8Array.of(1, 2)] })

describe('frames as messages', () => {
  it('go through the port that the first message brings, what was said before it included', async () => {
    const { port1, port2 } = new MessageChannel()
    let onParent: Parameters<MessageEnd['on']>[1] = () => {}
    const toParent: unknown[] = []
    const parent: MessageEnd = { on: (_e, l) => { onParent = l }, postMessage: m => toParent.push(m) } // biome-ignore format: one object
    const channel = messageChannel(parent, true)
    channel.send(frame('ready'))
    const heard: Frame[] = []
    port1.on('message', (m: Frame) => heard.push(m))
    onParent({ data: frame('not for us') })
    onParent({ data: null, ports: [end(port2)] })
    port1.postMessage(frame('first'))
    port1.postMessage(frame('second'))
    expect(await channel.receive()).toEqual(frame('first'))
    expect(await channel.receive()).toEqual(frame('second'))
    channel.send(frame('answer'))
    await expect.poll(() => heard).toEqual([frame('ready'), frame('answer')])
    expect(toParent).toEqual([])
    port1.close()
  })

  it('go to the parent where no port is announced', async () => {
    const { port1, port2 } = new MessageChannel()
    const channel = messageChannel(end(port2), false)
    port1.postMessage(frame(1))
    expect(await channel.receive()).toEqual(frame(1))
    port1.close()
  })
})
