/** What a terminal would obey instead of show: control characters of both tables, line ends among them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]+/g

/** The text with every run of control characters as a space. */
export const plainText = (text: string): string => text.replace(CONTROL, ' ')

export const isPlain = (text: string): boolean => plainText(text) === text
