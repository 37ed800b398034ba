import type { Session, WebContents } from 'electron'
import { describe, expect, it, vi } from 'vitest'
import { contentSecurityPolicy } from '../../services/content.ts'
import { isOwnUrl, lockContents, lockSession, outsideUrl, windowOptions } from './window.ts'

// These tests prove our wiring, nothing about Electron itself: what a real window does is on the hand-run list in docs/release.md.

describe('window options', () => {
  it('isolates and sandboxes the page', () => {
    expect(windowOptions('/preload.cjs', false).webPreferences).toMatchObject({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      webviewTag: false,
      allowRunningInsecureContent: false,
    })
  })
})

describe('own and outside addresses', () => {
  it('own is app://workbench and nothing that looks like it', () => {
    expect(isOwnUrl('app://workbench/index.html')).toBe(true)
    for (const url of [
      'app://other/',
      'http://workbench/',
      'file:///etc/passwd',
      'app://workbench.evil/',
      'https://app/workbench',
      'nonsense',
      '',
    ])
      expect(isOwnUrl(url), url).toBe(false)
  })

  it('outside is https to a listed host, without credentials or port', () => {
    expect(outsideUrl('https://pubmed.ncbi.nlm.nih.gov/9343467/')).toBe('https://pubmed.ncbi.nlm.nih.gov/9343467/')
    for (const url of [
      'http://pubmed.ncbi.nlm.nih.gov/',
      'https://pubmed.ncbi.nlm.nih.gov.evil.example/',
      'https://user@doi.org/',
      'https://doi.org:8443/',
      'https://evil.example/?https://doi.org/',
      'javascript:alert(1)',
      'file:///etc/passwd',
    ])
      expect(outsideUrl(url), url).toBeUndefined()
  })

  it('the policy lets nothing in from elsewhere', () => {
    expect(contentSecurityPolicy()).not.toMatch(/http|ws:|\*/)
    expect(contentSecurityPolicy()).toMatch(/^default-src 'none'/)
  })
})

type Answer = (result: { cancel: boolean }) => void
function lockedSession() {
  const kept: {
    request?: (
      contents: unknown,
      permission: string,
      answer: (ok: boolean) => void,
      details: { requestingUrl: string },
    ) => void
    check?: (contents: unknown, permission: string, origin: string) => boolean
    device?: () => boolean
    before?: (details: { url: string }, answer: Answer) => void
  } = {}
  const session = {
    setPermissionRequestHandler: (h: never) => {
      kept.request = h
    },
    setPermissionCheckHandler: (h: never) => {
      kept.check = h
    },
    setDevicePermissionHandler: (h: never) => {
      kept.device = h
    },
    webRequest: {
      onBeforeRequest: (h: never) => {
        kept.before = h
      },
    },
  }
  lockSession(session as unknown as Session)
  return kept
}

describe('the session', () => {
  it('cancels every scheme but its own', () => {
    const { before } = lockedSession()
    const verdict = (url: string) => {
      let cancel: boolean | undefined
      before?.({ url }, r => {
        cancel = r.cancel
      })
      return cancel
    }
    for (const url of ['app://workbench/a.js', 'blob:app://workbench/1', 'data:,x', 'devtools://devtools/x'])
      expect(verdict(url), url).toBe(false)
    for (const url of [
      'https://igv.org/',
      'http://127.0.0.1/',
      'ws://127.0.0.1/',
      'file:///etc/passwd',
      'ftp://x/',
      'nonsense',
      '',
    ])
      expect(verdict(url), url).toBe(true)
  })

  it('denies every permission but writing to the clipboard from its own origin', () => {
    const { request, check, device } = lockedSession()
    const asked = (permission: string, requestingUrl: string) => {
      let ok: boolean | undefined
      request?.(null, permission, v => { ok = v }, { requestingUrl }) // biome-ignore format: one line
      return ok
    }
    expect(asked('clipboard-sanitized-write', 'app://workbench/index.html')).toBe(true)
    expect(asked('clipboard-sanitized-write', 'https://evil.example/')).toBe(false)
    for (const p of ['media', 'geolocation', 'notifications', 'clipboard-read', 'fileSystem', 'openExternal', 'usb']) {
      expect(asked(p, 'app://workbench/'), p).toBe(false)
      expect(check?.(null, p, 'app://workbench/'), p).toBe(false)
    }
    expect(device?.()).toBe(false)
  })
})

describe('the contents', () => {
  it('prevent navigation, redirects and webviews, and deny windows', () => {
    const listeners = new Map<string, (event: { preventDefault(): void; url: string }) => void>()
    let open: ((details: { url: string }) => { action: string }) | undefined
    const external = vi.fn()
    const contents = {
      on: (name: string, l: never) => listeners.set(name, l),
      setWindowOpenHandler: (h: never) => {
        open = h
      },
    }
    lockContents(contents as unknown as WebContents, external)
    for (const name of ['will-navigate', 'will-frame-navigate', 'will-redirect', 'will-attach-webview']) {
      const preventDefault = vi.fn()
      listeners.get(name)?.({ preventDefault, url: 'app://workbench/other' })
      expect(preventDefault, name).toHaveBeenCalledOnce()
    }
    expect(open?.({ url: 'https://evil.example/' })).toEqual({ action: 'deny' })
    expect(external).not.toHaveBeenCalled()
    expect(open?.({ url: 'https://doi.org/10.1001/jama.1997.03550160069041' })).toEqual({ action: 'deny' })
    expect(external).toHaveBeenCalledOnce()
  })
})
