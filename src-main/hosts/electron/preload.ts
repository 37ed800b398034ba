import { contextBridge, ipcRenderer, webUtils } from 'electron'
import { type DiploscopeShell, PORT_MESSAGE } from '../../../src-shared/shell.ts'
import { CHANNEL } from './channels.ts'

// Named functions only: ipcRenderer itself never reaches the page.
const shell: DiploscopeShell = {
  platform: process.platform as DiploscopeShell['platform'],
  connect: () => ipcRenderer.invoke(CHANNEL.connect),
  openDialog: kind => ipcRenderer.invoke(CHANNEL.openDialog, kind),
  // A path comes from the File object of a drop, which a page cannot make up.
  openDropped: files =>
    ipcRenderer.invoke(
      CHANNEL.openDropped,
      files.map(f => webUtils.getPathForFile(f)).filter(p => p !== ''),
    ),
  saveExport: (downloadId, suggestedName) => ipcRenderer.invoke(CHANNEL.saveExport, downloadId, suggestedName),
  setTheme: theme => ipcRenderer.invoke(CHANNEL.setTheme, theme),
}

contextBridge.exposeInMainWorld('diploscopeShell', shell)

ipcRenderer.on(CHANNEL.port, event => {
  const [port] = event.ports
  if (port) window.postMessage({ type: PORT_MESSAGE }, window.location.origin, [port])
})
