import { useEffect, useState } from 'react'

/**
 * A part of the program that is loaded after the frame is on the screen; undefined until it is there.
 * (React.lazy did not draw again by itself when the part arrived below a resizable panel.)
 */
export function useModule<T>(load: () => Promise<T>): T | undefined {
  const [loaded, setLoaded] = useState<{ readonly value: T }>()
  // biome-ignore lint/correctness/useExhaustiveDependencies: loaded once for the life of the component
  useEffect(() => {
    let gone = false
    void load().then(value => {
      if (!gone) setLoaded({ value })
    })
    return () => {
      gone = true
    }
  }, [])
  return loaded?.value
}
