import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { hostname, networkInterfaces } from 'node:os'

/** 32 random bytes as text for a URL or cookie. */
export const newToken = (): string => randomBytes(32).toString('base64url')

/** Compares in a time that tells nothing of where two texts differ, nor of their lengths. */
export function sameSecret(given: string, secret: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(secret))
}

/** Every value of a cookie: a browser may send the same name twice. */
export function cookieValues(header: string | undefined, name: string): readonly string[] {
  return (header ?? '')
    .split(';')
    .map(pair => pair.trim())
    .filter(pair => pair.startsWith(`${name}=`))
    .map(pair => pair.slice(name.length + 1))
}

export const isLoopback = (host: string): boolean => host === 'localhost' || /^127\.\d+\.\d+\.\d+$/.test(host) || host === '::1' // biome-ignore format: one test

const bracketed = (host: string) => (host.includes(':') ? `[${host}]` : host)

/**
 * The `Host` values (name and port) that this server answers to. Any other is a page of elsewhere that had its name resolve to this
 * machine (DNS rebinding). On an address that is not loopback these are that address and localhost; on "all addresses", this machine's.
 */
export function allowedHosts(listenHost: string, port: number): ReadonlySet<string> {
  const names = new Set(['127.0.0.1', 'localhost'])
  if (!isLoopback(listenHost)) {
    names.add(listenHost)
    names.add(hostname().toLowerCase())
    if (listenHost === '0.0.0.0' || listenHost === '::')
      for (const list of Object.values(networkInterfaces())) for (const a of list ?? []) names.add(a.address)
  }
  const hosts = [...names].map(n => `${bracketed(n)}:${port}`)
  // A browser leaves out the port of its scheme.
  return new Set(port === 80 ? [...hosts, ...[...names].map(bracketed)] : hosts)
}
