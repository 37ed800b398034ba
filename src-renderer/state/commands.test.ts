import { afterEach, describe, expect, it, vi } from 'vitest'
import { allCommands, commandOfKey, matching, register, runCommand, showKey, spell } from './commands.ts'

const press = (key: string, mods: Partial<Record<'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey', boolean>> = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  altKey: false,
  target: null,
  ...mods,
})

describe('commands', () => {
  let off = () => {}
  afterEach(() => off())

  it('spells presses as commands write them', () => {
    expect(spell(press('z', { ctrlKey: true }))).toBe('Ctrl+z')
    expect(spell(press('Z', { ctrlKey: true, shiftKey: true }))).toBe('Ctrl+Shift+z')
    expect(spell(press('z', { metaKey: true }))).toBe('Ctrl+z')
    expect(spell(press('?', { shiftKey: true }))).toBe('?')
    expect(spell(press('ArrowLeft', { shiftKey: true }))).toBe('Shift+ArrowLeft')
  })

  it('finds by key, refuses what is not possible now, forgets what was taken back', () => {
    const run = vi.fn()
    off = register([
      { id: 'a', title: 'Zoom in', group: 'Move', keys: ['+', '='], run },
      { id: 'b', title: 'Undo', group: 'Project', keys: ['Ctrl+z'], enabled: () => false, run },
    ])
    expect(commandOfKey(press('='))?.id).toBe('a')
    expect(commandOfKey(press('z', { ctrlKey: true }))).toBeUndefined()
    runCommand('b')
    expect(run).not.toHaveBeenCalled()
    runCommand('a')
    expect(run).toHaveBeenCalledOnce()
    off()
    expect(allCommands()).toEqual([])
  })

  it('matches every word anywhere, beginnings first', () => {
    const run = () => {}
    const list = [
      { id: '1', title: 'Go to APOE', group: 'Look up', run },
      { id: '2', title: 'APOE report as PDF', group: 'Project', run },
      { id: '3', title: 'Zoom in', group: 'Move', run },
    ] as const
    expect(matching(list, 'apoe').map(c => c.id)).toEqual(['2', '1'])
    expect(matching(list, 'in zoom').map(c => c.id)).toEqual(['3'])
    expect(matching(list, '').length).toBe(3)
  })

  it('shows keys for people', () => {
    expect(showKey('Ctrl+z')).toBe('Ctrl+Z')
    expect(showKey('Shift+ArrowLeft')).toBe('Shift+←')
  })
})
