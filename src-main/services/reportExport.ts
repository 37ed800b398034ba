import type { ReportFormat } from '../../src-shared/ipc/contract.ts'
import { throwIfCancelled, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { Download } from './downloads.ts'

/** Makes a PDF of a self-contained HTML document: Chromium in headless mode, or Electron's own printer. */
export type PrintPdf = (html: string, signal: AbortSignal) => Promise<Uint8Array<ArrayBuffer>>

const CONTENT_TYPE: Readonly<Record<ReportFormat, string>> = {
  html: 'text/html; charset=utf-8',
  json: 'application/json',
  pdf: 'application/pdf',
}

/**
 * A report as a file. `document` makes it as HTML or JSON text; the PDF is printed from the HTML.
 * @throws WorkbenchError `engine-missing` when a PDF is asked for and nothing here can print one
 */
export async function exportReport(options: {
  readonly name: string
  readonly format: ReportFormat
  readonly document: (kind: 'html' | 'json') => Promise<string>
  readonly printPdf: PrintPdf | undefined
  readonly signal: AbortSignal
}): Promise<Download> {
  const { name, format, document, printPdf, signal } = options
  if (format === 'pdf' && !printPdf) throw noPrinter()
  const text = await document(format === 'json' ? 'json' : 'html')
  throwIfCancelled(signal)
  const bytes = format === 'pdf' && printPdf ? await printPdf(text, signal) : new TextEncoder().encode(text)
  return { name: `${name}.apoe.${format}`, contentType: CONTENT_TYPE[format], bytes }
}

export const noPrinter = () =>
  new WorkbenchError(
    'engine-missing',
    'a PDF needs a Chromium-family browser on this machine and none was found',
    'export HTML and print it from any browser, or install Chromium',
  )
