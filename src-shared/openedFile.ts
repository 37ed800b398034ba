export type { FileRole, OpenedFile, RecentFile } from './genome/files.ts'
