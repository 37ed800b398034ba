/** One table of everything the user can do: the palette, the sheet of keys, menus and the keyboard all read it. */
export interface Command {
  readonly id: string
  readonly title: string
  readonly group: 'Project' | 'Move' | 'View' | 'Look up' | 'Help'
  /** As `event.key` spells it, with `Ctrl+`, `Shift+`, `Alt+` before; several are alternatives. `Ctrl` means Cmd on a Mac. */
  readonly keys?: readonly string[]
  readonly enabled?: () => boolean
  run(): void
}

const registry = new Map<string, Command>()

export function register(commands: readonly Command[]): () => void {
  for (const c of commands) registry.set(c.id, c)
  return () => {
    for (const c of commands) if (registry.get(c.id) === c) registry.delete(c.id)
  }
}

export const allCommands = (): readonly Command[] => [...registry.values()]
export const commandOf = (id: string): Command | undefined => registry.get(id)

export function runCommand(id: string): void {
  const command = registry.get(id)
  if (command && (command.enabled?.() ?? true)) command.run()
}

export interface KeyPress {
  readonly key: string
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly shiftKey: boolean
  readonly altKey: boolean
}

/** The spelling of a key press as commands write it. Shift is named only where the key itself does not show it. */
export function spell(e: KeyPress): string {
  const named = e.key.length > 1
  const key = e.key.length === 1 && (e.ctrlKey || e.metaKey) ? e.key.toLowerCase() : e.key
  const shift = e.shiftKey && (named || e.ctrlKey || e.metaKey)
  return `${e.ctrlKey || e.metaKey ? 'Ctrl+' : ''}${e.altKey ? 'Alt+' : ''}${shift ? 'Shift+' : ''}${key}`
}

/** Whether a key belongs to what has the focus: a text being written, an open menu, a dialog, a control that uses it. */
export function belongsToControl(target: EventTarget | null, key: string): boolean {
  if (target === null || !(target instanceof HTMLElement)) return false
  if (target.isContentEditable || target.closest('[role="dialog"], [role="menu"], [role="listbox"]')) return true
  const tag = target.tagName
  if (tag === 'TEXTAREA' || tag === 'SELECT') return true
  if (tag === 'INPUT') {
    const type = (target as HTMLInputElement).type
    return type !== 'checkbox' && type !== 'button'
  }
  // A group of radio buttons, tabs, a tree and a separator move by arrows themselves.
  return (
    key.startsWith('Arrow') &&
    target.closest('[role="radiogroup"], [role="tablist"], [role="tree"], [role="separator"], [role="grid"]') !== null
  )
}

/** The command of a key press; undefined when the press is not ours. */
export function commandOfKey(e: KeyPress & { readonly target: EventTarget | null }): Command | undefined {
  const spelled = spell(e)
  const own = belongsToControl(e.target, e.key)
  // In a text field only combinations with Ctrl that no field uses are ours.
  if (own && !['Ctrl+k', 'Ctrl+o', 'Ctrl+s'].includes(spelled)) return undefined
  return allCommands().find(c => c.keys?.includes(spelled) && (c.enabled?.() ?? true))
}

/** How a key is written for people. */
export const showKey = (key: string): string =>
  key
    .replace('ArrowLeft', '←')
    .replace('ArrowRight', '→')
    .replace('ArrowUp', '↑')
    .replace('ArrowDown', '↓')
    .replace(/(^|\+)([a-z])$/, (_, before: string, letter: string) => `${before}${letter.toUpperCase()}`)

const RANK: Readonly<Record<Command['group'], number>> = { Project: 0, 'Look up': 1, View: 2, Move: 3, Help: 4 }

/** Commands that match a query: every word occurs somewhere in the title or group; a title that begins with it comes first. */
export function matching(commands: readonly Command[], query: string): readonly Command[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  const text = (c: Command) => `${c.title} ${c.group}`.toLowerCase()
  return commands
    .filter(c => (c.enabled?.() ?? true) && words.every(w => text(c).includes(w)))
    .sort(
      (a, b) =>
        // Unasked, what one begins with comes first, in the order of the groups.
        (words.length === 0 ? RANK[a.group] - RANK[b.group] : 0) ||
        Number(b.title.toLowerCase().startsWith(words[0] ?? '')) -
          Number(a.title.toLowerCase().startsWith(words[0] ?? '')),
    )
}
