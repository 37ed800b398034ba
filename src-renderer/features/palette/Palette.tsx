import { Modal, TextInput } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { allCommands, matching, showKey } from '../../state/commands.ts'
import { useWorkbench } from '../../state/workbench.ts'

/** Every command by name. */
export function Palette() {
  const open = useWorkbench(s => s.dialog === 'palette')
  const show = useWorkbench(s => s.show)
  const [query, setQuery] = useState('')
  const [active, setActive] = useState(0)
  const list = useRef<HTMLDivElement>(null)
  const found = open
    ? matching(
        allCommands().filter(c => c.id !== 'palette'),
        query,
      )
    : []
  useEffect(() => {
    if (open) {
      setQuery('')
      setActive(0)
    }
  }, [open])
  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolls when the active row changes
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' })
  }, [active])
  const run = (index: number) => {
    const command = found[index]
    if (!command) return
    show('none')
    // After the dialog has given the focus back, so that a command may move it.
    requestAnimationFrame(() => command.run())
  }
  return (
    <Modal opened={open} onClose={() => show('none')} title="Commands" size={560} yOffset="12vh">
      <TextInput
        data-autofocus
        aria-label="Command"
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found[active] ? `command-${found[active].id}` : undefined}
        placeholder="Type what you want to do"
        value={query}
        onChange={e => {
          setQuery(e.currentTarget.value)
          setActive(0)
        }}
        onKeyDown={e => {
          if (e.key === 'ArrowDown') setActive(a => Math.min(found.length - 1, a + 1))
          else if (e.key === 'ArrowUp') setActive(a => Math.max(0, a - 1))
          else if (e.key === 'Enter') run(active)
          else return
          e.preventDefault()
        }}
      />
      <div className="palette-list" role="listbox" id="palette-list" aria-label="Commands" ref={list}>
        {found.map((c, i) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: keys are those of the text box
          <div
            key={c.id}
            id={`command-${c.id}`}
            role="option"
            tabIndex={-1}
            aria-selected={i === active}
            className="palette-row"
            onMouseMove={() => setActive(i)}
            onClick={() => run(i)}
          >
            <span>
              {c.title} <span className="soft">{c.group}</span>
            </span>
            {c.keys?.[0] && <kbd>{showKey(c.keys[0])}</kbd>}
          </div>
        ))}
      </div>
      {found.length === 0 && <div className="empty">Nothing is called that</div>}
    </Modal>
  )
}
