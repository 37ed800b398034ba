import type { Bookmark, ProjectDocument, TrackSetting, ViewState } from '../project.ts'
import { type Check, flag, id, integer, interval, list, oneOf, position, record, text } from './checks.ts'

const bookmark: Check<Bookmark> = (value, name) => {
  const r = record(value, name)
  return {
    id: id(r['id'], `${name}.id`),
    name: text(200)(r['name'], `${name}.name`),
    interval: interval(r['interval'], `${name}.interval`),
  }
}

const track: Check<TrackSetting> = (value, name) => {
  const r = record(value, name)
  const heightPx = r['heightPx']
  return {
    fileId: id(r['fileId'], `${name}.fileId`),
    part: oneOf('reads', 'coverage', 'diplotype', 'genes', 'signal', 'variants')(r['part'], `${name}.part`),
    visible: flag(r['visible'], `${name}.visible`),
    ...(heightPx === undefined ? {} : { heightPx: integer(10, 4000)(heightPx, `${name}.heightPx`) }),
  }
}

const selection: Check<ViewState['selection']> = (value, name) => {
  const r = record(value, name)
  const kind = oneOf('none', 'sample', 'position', 'file')(r['kind'], `${name}.kind`)
  switch (kind) {
    case 'none':
      return { kind }
    case 'sample':
    case 'file':
      return { kind, fileId: id(r['fileId'], `${name}.fileId`) }
    case 'position':
      return {
        kind,
        contig: text(1000)(r['contig'], `${name}.contig`),
        position: position(r['position'], `${name}.position`),
        fileId: r['fileId'] === null ? null : id(r['fileId'], `${name}.fileId`),
      }
  }
}

/** A project document from a page or from disk. @throws WorkbenchError `bad-input` that names the field */
export const projectDocument: Check<ProjectDocument> = (value, name) => {
  const r = record(value, name)
  const view = record(r['view'], `${name}.view`)
  return {
    version: integer(1, 1)(r['version'], `${name}.version`) as 1,
    name: text(200)(r['name'], `${name}.name`),
    demo: flag(r['demo'], `${name}.demo`),
    view: {
      locus: view['locus'] === null ? null : interval(view['locus'], `${name}.view.locus`),
      referenceFileId:
        view['referenceFileId'] === null ? null : id(view['referenceFileId'], `${name}.view.referenceFileId`),
      selection: selection(view['selection'], `${name}.view.selection`),
    },
    tracks: list(track, 2000)(r['tracks'], `${name}.tracks`),
    bookmarks: list(bookmark, 5000)(r['bookmarks'], `${name}.bookmarks`),
  }
}
