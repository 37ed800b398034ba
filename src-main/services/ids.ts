import { randomBytes } from 'node:crypto'

/** A new opaque id of 128 random bits: letters, digits, dash and underscore, as the contract's checks demand. */
export const newId = (): string => randomBytes(16).toString('base64url')
