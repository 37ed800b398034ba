import { ActionIcon, Button, Menu } from '@mantine/core'
import {
  IconArrowBackUp,
  IconArrowForwardUp,
  IconBookmark,
  IconChevronDown,
  IconChevronLeft,
  IconChevronRight,
  IconCommand,
  IconHelp,
  IconMinus,
  IconMoonStars,
  IconPhoto,
  IconPlus,
  IconTrash,
} from '@tabler/icons-react'
import { formatLocus } from '../../../src-shared/genome/locus.ts'
import { runCommand } from '../../state/commands.ts'
import { useDocument, useGenomeFile, useWorkbench } from '../../state/workbench.ts'
import { IconButton, Synthetic } from '../../ui/parts.tsx'
import { LocusBox } from './LocusBox.tsx'

const Logo = () => (
  <svg width="20" height="20" viewBox="0 0 32 32" role="presentation">
    <rect width="32" height="32" rx="7" fill="#12343b" />
    <path
      d="M9 6c0 8 14 12 14 20M23 6c0 8-14 12-14 20"
      fill="none"
      stroke="#f4f1ea"
      strokeWidth="2.4"
      strokeLinecap="round"
    />
    <path d="M11.6 9.5h8.8M11.6 22.5h8.8" stroke="#e69f00" strokeWidth="2.2" strokeLinecap="round" />
  </svg>
)

const SAVE_TEXT = { saved: 'Saved', waiting: 'Unsaved', saving: 'Saving…', failed: 'Not saved' } as const

export function TitleBar() {
  const document = useDocument()
  const save = useWorkbench(s => s.save)
  const past = useWorkbench(s => s.history.past.at(-1)?.label)
  const future = useWorkbench(s => s.history.future[0]?.label)
  const empty = useGenomeFile() === undefined
  return (
    <header className="titlebar">
      <span className="brand">
        <Logo />
        Diploscope
      </span>
      <Menu position="bottom-start">
        <Menu.Target>
          <Button
            variant="subtle"
            color="gray"
            c="var(--ink)"
            rightSection={<IconChevronDown size={13} />}
            aria-label={`Project: ${document.name}`}
            maw={190}
          >
            {document.name}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {['open', 'new-project', 'demo', 'rename', 'save-project'].map(id => (
            <CommandItem key={id} id={id} />
          ))}
        </Menu.Dropdown>
      </Menu>
      {document.demo && <Synthetic />}
      <span className="save-state" data-save={save} title="Every change is saved by itself">
        {SAVE_TEXT[save]}
      </span>
      <div className="group">
        <IconButton
          label={past ? `Undo: ${past}` : 'Undo'}
          keys="Ctrl+Z"
          disabled={!past}
          onClick={() => runCommand('undo')}
        >
          <IconArrowBackUp size={17} />
        </IconButton>
        <IconButton
          label={future ? `Redo: ${future}` : 'Redo'}
          keys="Ctrl+Y"
          disabled={!future}
          onClick={() => runCommand('redo')}
        >
          <IconArrowForwardUp size={17} />
        </IconButton>
      </div>
      <LocusBox />
      <nav className="group" aria-label="View">
        <IconButton label="Pan left" keys="←" disabled={empty} onClick={() => runCommand('pan-left')}>
          <IconChevronLeft size={17} />
        </IconButton>
        <IconButton label="Pan right" keys="→" disabled={empty} onClick={() => runCommand('pan-right')}>
          <IconChevronRight size={17} />
        </IconButton>
        <IconButton label="Zoom out" keys="-" disabled={empty} onClick={() => runCommand('zoom-out')}>
          <IconMinus size={17} />
        </IconButton>
        <IconButton label="Zoom in" keys="+" disabled={empty} onClick={() => runCommand('zoom-in')}>
          <IconPlus size={17} />
        </IconButton>
        <Button variant="default" size="compact-sm" disabled={empty} onClick={() => runCommand('apoe')}>
          APOE
        </Button>
        <Bookmarks />
      </nav>
      <span className="spacer" />
      <div className="group">
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon
              variant="subtle"
              color="gray"
              size={28}
              aria-label="Save the view as a picture"
              disabled={empty}
              style={empty ? {} : { color: 'var(--ink)' }}
            >
              <IconPhoto size={17} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <CommandItem id="view-svg" />
            <CommandItem id="view-png" />
          </Menu.Dropdown>
        </Menu>
        <IconButton label="All commands" keys="Ctrl+K" onClick={() => runCommand('palette')}>
          <IconCommand size={17} />
        </IconButton>
        <IconButton label="Keys" keys="?" onClick={() => runCommand('keys')}>
          <IconHelp size={17} />
        </IconButton>
        <IconButton label="Light or dark theme" onClick={() => runCommand('toggle-theme')}>
          <IconMoonStars size={17} />
        </IconButton>
      </div>
    </header>
  )
}

const ITEM_TEXT: Readonly<Record<string, readonly [string, string?]>> = {
  open: ['Open files…', 'Ctrl+O'],
  'new-project': ['New project'],
  demo: ['Demo project (synthetic)'],
  rename: ['Rename…'],
  'save-project': ['Save as a file…', 'Ctrl+S'],
  'view-svg': ['View as SVG'],
  'view-png': ['View as PNG'],
}

function CommandItem({ id }: { readonly id: string }) {
  const [text, key] = ITEM_TEXT[id] ?? [id]
  return (
    <Menu.Item rightSection={key ? <kbd>{key}</kbd> : undefined} onClick={() => runCommand(id)}>
      {text}
    </Menu.Item>
  )
}

function Bookmarks() {
  const bookmarks = useDocument().bookmarks
  const { goTo, change } = useWorkbench.getState()
  const empty = useGenomeFile() === undefined
  const remove = (id: string) =>
    change('Remove bookmark', d => ({ ...d, bookmarks: d.bookmarks.filter(x => x.id !== id) }))
  return (
    <Menu position="bottom-start" width={320}>
      <Menu.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={28}
          aria-label="Bookmarks"
          disabled={empty}
          style={empty ? {} : { color: 'var(--ink)' }}
        >
          <IconBookmark size={17} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item rightSection={<kbd>B</kbd>} onClick={() => runCommand('add-bookmark')}>
          Bookmark this view
        </Menu.Item>
        {bookmarks.length > 0 && <Menu.Divider />}
        {bookmarks.map(b => (
          <Menu.Item
            key={b.id}
            onClick={() => goTo(b.interval)}
            onKeyDown={e => {
              if (e.key === 'Delete') remove(b.id)
            }}
            title="Delete removes it"
            rightSection={
              <IconTrash
                size={14}
                role="img"
                aria-label={`Remove bookmark ${b.name}`}
                onClick={e => {
                  e.stopPropagation()
                  remove(b.id)
                }}
              />
            }
          >
            {b.name}
            {b.name !== formatLocus(b.interval) && <div className="soft num">{formatLocus(b.interval)}</div>}
          </Menu.Item>
        ))}
        {bookmarks.length > 0 && <Menu.Divider />}
        {bookmarks.length > 0 && <Menu.Item onClick={() => runCommand('bookmarks-bed')}>Save as BED</Menu.Item>}
      </Menu.Dropdown>
    </Menu>
  )
}
