import { describe, expect, it, vi } from 'vitest'
import { CHANNEL } from './channels.ts'
import { DIALOG_KINDS, dialogFilters } from './dialogs.ts'
import { menuTemplate } from './menu.ts'
import { handleShell, isTrustedSender } from './shell.ts'

function shell() {
  const handlers = new Map<string, (event: unknown, ...args: unknown[]) => unknown>()
  const actions = {
    connect: vi.fn(),
    openDialog: vi.fn(async () => true),
    openPaths: vi.fn(() => true),
    saveExport: vi.fn(async () => true),
    setTheme: vi.fn(),
  }
  handleShell({ handle: (channel: string, h: never) => void handlers.set(channel, h) }, actions)
  const own = { senderFrame: { parent: null, url: 'app://workbench/index.html' } }
  const call = (channel: string, event: unknown, ...args: unknown[]) => handlers.get(channel)?.(event, ...args)
  return { actions, own, call }
}

describe('the shell contract', () => {
  it('trusts the top frame of its own origin only', () => {
    const frame = (url: string, parent: unknown = null) => ({ senderFrame: { url, parent } }) as never
    expect(isTrustedSender(frame('app://workbench/'))).toBe(true)
    expect(isTrustedSender(frame('app://workbench/', {}))).toBe(false)
    expect(isTrustedSender(frame('https://evil.example/'))).toBe(false)
    expect(isTrustedSender({ senderFrame: null })).toBe(false)
  })

  it('refuses a stranger on every channel before doing anything', () => {
    const { actions, call } = shell()
    const stranger = { senderFrame: { parent: null, url: 'https://evil.example/' } }
    for (const channel of [
      CHANNEL.connect,
      CHANNEL.openDialog,
      CHANNEL.openDropped,
      CHANNEL.saveExport,
      CHANNEL.setTheme,
    ])
      expect(() => call(channel, stranger, 'any', 'x'), channel).toThrow(/refuses a sender/)
    for (const action of Object.values(actions)) expect(action).not.toHaveBeenCalled()
  })

  it('checks payloads', () => {
    const { actions, own, call } = shell()
    expect(() => call(CHANNEL.openDialog, own, 'everything')).toThrow(/unknown kind/)
    expect(() => call(CHANNEL.openDropped, own, 'not a list')).toThrow(/dropped files/)
    expect(() => call(CHANNEL.openDropped, own, [7])).toThrow(/path/)
    for (const name of ['../x', 'a/b', 'a\\b', '..', 'a\nb', ''])
      expect(() => call(CHANNEL.saveExport, own, 'id1', name), name).toThrow()
    expect(() => call(CHANNEL.saveExport, own, '../../id', 'report.html')).toThrow(/download id/)
    expect(() => call(CHANNEL.setTheme, own, 'purple')).toThrow(/theme/)
    for (const action of Object.values(actions)) expect(action).not.toHaveBeenCalled()
  })

  it('passes what is right', async () => {
    const { actions, own, call } = shell()
    await call(CHANNEL.openDialog, own, 'sample')
    expect(actions.openDialog).toHaveBeenCalledWith('sample')
    call(CHANNEL.openDropped, own, ['/data/a.bam'])
    expect(actions.openPaths).toHaveBeenCalledWith(['/data/a.bam'])
    await call(CHANNEL.saveExport, own, 'abc-1', 'report.html')
    expect(actions.saveExport).toHaveBeenCalledWith('abc-1', 'report.html')
    call(CHANNEL.setTheme, own, 'dark')
    expect(actions.setTheme).toHaveBeenCalledWith('dark')
  })
})

describe('menus and dialogs', () => {
  it('every dialog ends with all files, since a file is told by its content', () => {
    for (const kind of DIALOG_KINDS) expect(dialogFilters(kind).at(-1)?.extensions).toEqual(['*'])
  })

  it('menu items send commands to the page', () => {
    const told: string[] = []
    const open = vi.fn()
    const items = menuTemplate('linux', c => told.push(c), open).flatMap(m =>
      Array.isArray(m.submenu) ? m.submenu : [],
    )
    for (const item of items) item.click?.(null as never, undefined, null as never)
    expect(told).toEqual([
      'new-project',
      'demo',
      'save-project',
      'undo',
      'redo',
      'palette',
      'toggle-theme',
      'keys',
      'about',
    ])
    expect(open).toHaveBeenCalledOnce()
  })
})
