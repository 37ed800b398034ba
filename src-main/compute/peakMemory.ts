import { readFileSync } from 'node:fs'

/**
 * The most memory that this process has held since it began, in bytes. Linux's ru_maxrss outlives exec: a child would answer at least what
 * the program that started it held; VmHWM of /proc belongs to the new image alone (proc(5), getrusage(2)).
 */
export function peakRssBytes(): number {
  if (process.platform === 'linux') {
    try {
      const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
      if (kilobytes) return Number(kilobytes) * 1024
    } catch {
      // without /proc: as elsewhere
    }
  }
  return process.resourceUsage().maxRSS * 1024
}
