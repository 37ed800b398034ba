import type { BrowserWindowConstructorOptions, Session, WebContents } from 'electron'

/** The one origin that content comes from. */
export const APP_SCHEME = 'app'
export const APP_ORIGIN = 'app://workbench'
export const START_URL = `${APP_ORIGIN}/index.html`

/** Schemes that a request of ours may have; `devtools:` is the inspector's own. Everything else would leave the program. */
const OWN_SCHEMES = new Set(['app:', 'blob:', 'data:', 'devtools:'])

/** Hosts that "open in the browser" may go to, after a click of the user. */
const OUTSIDE_HOSTS = new Set(['www.ncbi.nlm.nih.gov', 'pubmed.ncbi.nlm.nih.gov', 'www.ensembl.org', 'doi.org'])

export function windowOptions(preload: string, dark: boolean): BrowserWindowConstructorOptions {
  return {
    width: 1440,
    height: 900,
    minWidth: 1100,
    minHeight: 640,
    show: false,
    backgroundColor: dark ? '#1a1b1e' : '#ffffff',
    webPreferences: {
      preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      allowRunningInsecureContent: false,
      spellcheck: false,
    },
  }
}

export const isOwnUrl = (url: string): boolean => {
  const parsed = parse(url)
  return parsed?.protocol === `${APP_SCHEME}:` && parsed.host === 'workbench'
}

/** The address to hand to the system's browser, or undefined: https, a host of the list, no credentials, the default port. */
export function outsideUrl(url: string): string | undefined {
  const parsed = parse(url)
  if (parsed?.protocol !== 'https:' || parsed.username || parsed.password || parsed.port) return undefined
  return OUTSIDE_HOSTS.has(parsed.hostname) ? parsed.href : undefined
}

function parse(url: string): URL | undefined {
  try {
    return new URL(url)
  } catch {
    return undefined
  }
}

/** Denies permissions and cancels every request that would leave the program. To be called before any window of the session exists. */
export function lockSession(session: Session): void {
  const allowed = (permission: string, url: string) => permission === 'clipboard-sanitized-write' && isOwnUrl(url)
  session.setPermissionRequestHandler((_contents, permission, answer, details) =>
    answer(allowed(permission, details.requestingUrl)),
  )
  session.setPermissionCheckHandler((_contents, permission, origin) => allowed(permission, origin))
  session.setDevicePermissionHandler(() => false)
  session.webRequest.onBeforeRequest((details, answer) => {
    const protocol = parse(details.url)?.protocol
    answer({ cancel: protocol === undefined || !OWN_SCHEMES.has(protocol) })
  })
}

/** Keeps a page where it is: no navigation, no redirect, no webview, no second window. */
export function lockContents(contents: WebContents, openExternal: (url: string) => void): void {
  contents.on('will-navigate', e => e.preventDefault())
  contents.on('will-frame-navigate', e => e.preventDefault())
  contents.on('will-redirect', e => e.preventDefault())
  contents.on('will-attach-webview', e => e.preventDefault())
  contents.setWindowOpenHandler(({ url }) => {
    const outside = outsideUrl(url)
    if (outside) openExternal(outside)
    return { action: 'deny' }
  })
}
