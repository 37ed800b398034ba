import type { MenuItemConstructorOptions } from 'electron'
import type { ShellCommand } from '../../../src-shared/ipc/contract.ts'

/** The application menu. Every item is a command that the page's own palette has too; the menu adds nothing of its own. */
export function menuTemplate(
  platform: NodeJS.Platform,
  tell: (command: ShellCommand) => void,
  open: () => void,
): MenuItemConstructorOptions[] {
  const item = (label: string, command: ShellCommand, accelerator?: string): MenuItemConstructorOptions => ({
    label,
    click: () => tell(command),
    // Shown only: the page handles its keys itself, so that both hosts behave alike.
    ...(accelerator ? { accelerator, registerAccelerator: false } : {}),
  })
  const separator: MenuItemConstructorOptions = { type: 'separator' }
  const mac = platform === 'darwin'
  return [
    ...(mac ? [{ role: 'appMenu' as const }] : []),
    {
      label: '&File',
      submenu: [
        { label: 'Open…', accelerator: 'CmdOrCtrl+O', click: open },
        separator,
        item('New project', 'new-project'),
        item('Demo project', 'demo'),
        item('Save project as…', 'save-project', 'CmdOrCtrl+S'),
        separator,
        { role: mac ? 'close' : 'quit' },
      ],
    },
    {
      label: '&Edit',
      submenu: [
        item('Undo', 'undo', 'CmdOrCtrl+Z'),
        item('Redo', 'redo', 'CmdOrCtrl+Y'),
        separator,
        { role: 'cut' },
        { role: 'copy' },
        { role: 'paste' },
        { role: 'selectAll' },
      ],
    },
    {
      label: '&View',
      submenu: [
        item('All commands', 'palette', 'CmdOrCtrl+K'),
        item('Light or dark', 'toggle-theme'),
        separator,
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { role: 'togglefullscreen' },
        separator,
        { role: 'toggleDevTools' },
      ],
    },
    { role: 'windowMenu' },
    { label: '&Help', submenu: [item('Keyboard', 'keys'), item('About Diploscope', 'about')] },
  ]
}
