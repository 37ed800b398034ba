import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'
import { OPCODE_NAMES } from './pickleOpcodes.ts'

/** A name that a pickle refers to: `torch._utils _rebuild_tensor_v2`. It is never called; only what we know is interpreted. */
export class PickledGlobal {
  constructor(readonly name: string) {}
}
/** A tuple, as distinct from a list. */
export class PickledTuple {
  constructor(readonly items: readonly Pickled[]) {}
}
/** A dict or an OrderedDict. Keys that are not strings or numbers are refused. */
export class PickledDict {
  readonly entries = new Map<string | number, Pickled>()
}
export class PickledList {
  readonly items: Pickled[] = []
}
/** What the reader of a persistent id or the caller of a known global made. */
export class PickledObject {
  constructor(readonly value: unknown) {}
}

export type Pickled =
  | null
  | boolean
  | number
  | string
  | PickledGlobal
  | PickledTuple
  | PickledDict
  | PickledList
  | PickledObject

export interface UnpickleRules {
  /** For messages. */
  readonly file: string
  /** The globals that may be named, as `module name`. */
  readonly globals: ReadonlySet<string>
  /** What `global(...args)` stands for. Only names of `globals` come here. */
  call(name: string, args: readonly Pickled[]): Pickled
  /** What a persistent id stands for. */
  persistent(id: Pickled): Pickled
}

/** Far beyond any state dict: fifty thousand tensors take 10 megabytes and count as one million objects. */
export const MAX_PICKLE_BYTES = 64 * 1024 * 1024
/** One byte of pickle can make an object of two hundred, so bytes alone bound nothing. */
export const MAX_PICKLE_OBJECTS = 2_000_000

const MARK = Symbol('mark')

/**
 * Interprets a pickle without ever running anything: a small allow-list of opcodes, of globals, and data.
 * Every opcode makes at most one object of bounded size, and objects are counted, so time and memory are bounded.
 * @throws WorkbenchError `unsupported` (an opcode or a global outside the list, by name), `corrupt`, `truncated`
 */
export function unpickle(bytes: Uint8Array, rules: UnpickleRules): Pickled {
  return new Machine(bytes, rules).run()
}

class Machine {
  private readonly view: DataView
  private readonly stack: (Pickled | typeof MARK)[] = []
  private readonly marks: number[] = []
  private readonly memo = new Map<number, Pickled>()
  private readonly text = new TextDecoder('utf-8', { fatal: true })
  private at = 0
  private objects = 0

  constructor(
    private readonly bytes: Uint8Array,
    private readonly rules: UnpickleRules,
  ) {
    if (bytes.byteLength > MAX_PICKLE_BYTES) throw this.corrupt(`its pickle of ${bytes.byteLength} bytes is too large`)
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  run(): Pickled {
    for (;;) {
      const opcode = this.u8()
      if (opcode === 0x2e) return this.pop()
      const made = this.step(opcode)
      if (made === undefined) continue
      if (typeof made === 'object' && made !== null) this.count()
      this.stack.push(made)
    }
  }

  private count(): void {
    if (++this.objects > MAX_PICKLE_OBJECTS)
      throw this.corrupt(`its pickle makes more than ${MAX_PICKLE_OBJECTS} objects, which no state dict does`)
  }

  /** The value that an opcode puts on the stack; undefined when it puts none. */
  private step(opcode: number): Pickled | undefined {
    switch (opcode) {
      case 0x80: {
        const version = this.u8()
        if (version > 5) throw this.unsupported(`pickle protocol ${version}`)
        return undefined
      }
      case 0x95: // FRAME: only a hint for buffering
        this.take(8)
        return undefined
      case 0x28:
        this.count()
        this.marks.push(this.stack.length)
        this.stack.push(MARK)
        return undefined
      case 0x29:
        return new PickledTuple([])
      case 0x5d:
        return new PickledList()
      case 0x7d:
        return new PickledDict()
      case 0x4e:
        return null
      case 0x88:
        return true
      case 0x89:
        return false
      case 0x4a:
        return this.view.getInt32(this.take(4), true)
      case 0x4b:
        return this.u8()
      case 0x4d:
        return this.view.getUint16(this.take(2), true)
      case 0x8a:
        return this.long(this.u8())
      case 0x47:
        return this.view.getFloat64(this.take(8), false)
      case 0x58:
        return this.string(this.u32())
      case 0x8c:
        return this.string(this.u8())
      case 0x71:
        this.store(this.u8())
        return undefined
      case 0x72:
        this.store(this.u32())
        return undefined
      case 0x94:
        this.store(this.memo.size)
        return undefined
      case 0x68:
        return this.recall(this.u8())
      case 0x6a:
        return this.recall(this.u32())
      case 0x85:
      case 0x86:
      case 0x87: {
        const items: Pickled[] = []
        for (let n = opcode - 0x84; n > 0; n--) items.unshift(this.pop())
        return new PickledTuple(items)
      }
      case 0x74:
        return new PickledTuple(this.popToMark())
      case 0x61: {
        const item = this.pop()
        this.top(PickledList, 'APPEND').items.push(item)
        return undefined
      }
      case 0x65: {
        const items = this.popToMark()
        const list = this.top(PickledList, 'APPENDS')
        for (const item of items) list.items.push(item)
        return undefined
      }
      case 0x73: {
        const value = this.pop()
        const key = this.pop()
        this.put(this.top(PickledDict, 'SETITEM'), key, value)
        return undefined
      }
      case 0x75: {
        const items = this.popToMark()
        if (items.length % 2) throw this.corrupt('SETITEMS has a key without a value')
        const dict = this.top(PickledDict, 'SETITEMS')
        for (let i = 0; i < items.length; i += 2) this.put(dict, items[i] as Pickled, items[i + 1] as Pickled)
        return undefined
      }
      case 0x63:
        return this.global(this.line(), this.line())
      case 0x93: {
        const name = this.pop()
        const module = this.pop()
        if (typeof name !== 'string' || typeof module !== 'string') throw this.corrupt('STACK_GLOBAL without two names')
        return this.global(module, name)
      }
      case 0x52: {
        const args = this.pop()
        const callee = this.pop()
        if (!(callee instanceof PickledGlobal) || !(args instanceof PickledTuple))
          throw this.corrupt('REDUCE of something that is not a known name')
        return this.rules.call(callee.name, args.items)
      }
      case 0x62: {
        // The attributes of an OrderedDict (`_metadata`: versions of modules) carry no weights.
        this.pop()
        this.top(PickledDict, 'BUILD')
        return undefined
      }
      case 0x51:
        return this.rules.persistent(this.pop())
      default:
        throw this.unsupported(`pickle opcode ${OPCODE_NAMES[opcode] ?? `0x${opcode.toString(16)}`}`)
    }
  }

  private global(module: string, name: string): PickledGlobal {
    const full = `${module} ${name}`
    if (!this.rules.globals.has(full))
      throw this.unsupported(`the Python object '${module.slice(0, 80)}.${name.slice(0, 80)}'`)
    return new PickledGlobal(full)
  }

  private put(dict: PickledDict, key: Pickled, value: Pickled): void {
    if (typeof key !== 'string' && typeof key !== 'number')
      throw this.corrupt('a dict key is neither text nor a number')
    dict.entries.set(key, value)
  }

  private pop(): Pickled {
    const value = this.stack.pop()
    if (value === undefined || value === MARK) throw this.corrupt('its pickle takes from an empty stack')
    return value
  }

  private popToMark(): Pickled[] {
    const mark = this.marks.pop()
    if (mark === undefined || this.stack[mark] !== MARK) throw this.corrupt('its pickle has no mark')
    const items = this.stack.splice(mark)
    items.shift()
    return items as Pickled[]
  }

  private top<T extends Pickled>(type: new (...args: never[]) => T, opcode: string): T {
    const value = this.stack.at(-1)
    if (!(value instanceof type)) throw this.corrupt(`${opcode} on something else`)
    return value
  }

  private store(index: number): void {
    this.count()
    const value = this.stack.at(-1)
    if (value === undefined || value === MARK) throw this.corrupt('its pickle remembers nothing')
    this.memo.set(index, value)
  }

  private recall(index: number): Pickled {
    const value = this.memo.get(index)
    if (value === undefined) throw this.corrupt(`its pickle recalls ${index}, which it never stored`)
    return value
  }

  /** The position of the next `n` bytes. */
  private take(n: number): number {
    const start = this.at
    if (n > this.bytes.length - start)
      throw new WorkbenchError(
        'truncated',
        `${this.rules.file}: its pickle ends within an opcode`,
        'get the file again',
      )
    this.at += n
    return start
  }

  private u8 = () => this.view.getUint8(this.take(1))
  private u32 = () => this.view.getUint32(this.take(4), true)

  private string(length: number): string {
    const start = this.take(length)
    return this.decode(this.bytes.subarray(start, start + length))
  }

  private line(): string {
    const end = this.bytes.indexOf(0x0a, this.at)
    if (end < 0) throw new WorkbenchError('truncated', `${this.rules.file}: its pickle ends within a name`, 'get the file again') // biome-ignore format: one thought
    const start = this.at
    this.at = end + 1
    return this.decode(this.bytes.subarray(start, end))
  }

  private decode(bytes: Uint8Array): string {
    try {
      return this.text.decode(bytes)
    } catch {
      throw this.corrupt('its pickle holds text that is not UTF-8')
    }
  }

  /** Two's complement, little-endian. */
  private long(bytes: number): number {
    if (bytes > 8) throw this.unsupported(`an integer of ${bytes} bytes`)
    const start = this.take(bytes)
    let value = 0n
    for (let i = bytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.bytes[start + i] as number)
    return Number(BigInt.asIntN(bytes * 8, value))
  }

  private corrupt(what: string): WorkbenchError {
    return new WorkbenchError('corrupt', `${this.rules.file}: ${what}`, 'get the file again')
  }

  private unsupported(what: string): WorkbenchError {
    return new WorkbenchError('unsupported', `${this.rules.file}: ${what} is not part of a plain state dict and is not read`, 'save only the state dict: torch.save(model.state_dict(), path), or write it as safetensors') // biome-ignore format: one thought
  }
}
