import type { BrowserWindow } from 'electron'
import { WorkbenchError } from '../../../src-shared/ipc/errors.ts'

/** Chromium's longest address (url/url_constants.h). */
const MAX_URL_BYTES = 2 * 1024 * 1024

/**
 * A self-contained HTML document (no script, nothing outside) as an A4 PDF. It is loaded as a data address, so it has no origin and
 * no files; the window is hidden, without script, and closed afterwards.
 */
export async function renderPdf(html: string, createHidden: () => BrowserWindow): Promise<Uint8Array> {
  const address = `data:text/html;base64,${Buffer.from(html, 'utf8').toString('base64')}`
  if (address.length > MAX_URL_BYTES)
    throw new WorkbenchError('unsupported', 'the report is too large to print', 'export it as HTML and print that')
  const window = createHidden()
  try {
    await window.loadURL(address)
    return await window.webContents.printToPDF({ pageSize: 'A4', printBackground: true, preferCSSPageSize: true })
  } finally {
    window.destroy()
  }
}
