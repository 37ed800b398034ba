import type { Bookmark, PredictedSetting, ProjectDocument, TrackSetting, ViewState } from '../project.ts'
import { type Check, flag, id, integer, interval, list, oneOf, position, record, text } from './checks.ts'

const bookmark: Check<Bookmark> = (value, name) => {
  const r = record(value, name)
  return {
    id: id(r['id'], `${name}.id`),
    name: text(200)(r['name'], `${name}.name`),
    interval: interval(r['interval'], `${name}.interval`),
  }
}

const nullable =
  <T>(check: Check<T>): Check<T | null> =>
  (value, name) =>
    value === null ? null : check(value, name)

const person: Check<NonNullable<PredictedSetting['person']>> = (value, name) => {
  const r = record(value, name)
  return { fileId: id(r['fileId'], `${name}.fileId`), sample: text(1000)(r['sample'], `${name}.sample`) }
}

const predicted: Check<PredictedSetting> = (value, name) => {
  const r = record(value, name)
  return {
    trackId: id(r['trackId'], `${name}.trackId`),
    name: text(500)(r['name'], `${name}.name`),
    channels: list(integer(0, 1_000_000), 2)(r['channels'], `${name}.channels`),
    signals: list(nullable(id), 2)(r['signals'], `${name}.signals`),
    layout: oneOf('overlaid', 'beside', 'residual')(r['layout'], `${name}.layout`),
    scale: oneOf('linear', 'log', 'arcsinh')(r['scale'], `${name}.scale`),
    group: nullable(text(200))(r['group'], `${name}.group`),
    units: oneOf('model', 'signal')(r['units'], `${name}.units`),
    observed: oneOf('raw', 'transformed')(r['observed'], `${name}.observed`),
    unit: text(200)(r['unit'], `${name}.unit`),
    transform: text(500)(r['transform'], `${name}.transform`),
    shows: oneOf(
      'reference',
      'haplotype1',
      'haplotype2',
      'haplotypes',
      'difference1',
      'difference2',
      'between',
    )(r['shows'], `${name}.shows`),
    person: nullable(person)(r['person'], `${name}.person`),
  }
}

const track: Check<TrackSetting> = (value, name) => {
  const r = record(value, name)
  const heightPx = r['heightPx']
  const part = oneOf(
    'reads',
    'coverage',
    'diplotype',
    'genes',
    'signal',
    'variants',
    'predicted',
  )(r['part'], `${name}.part`)
  return {
    fileId: id(r['fileId'], `${name}.fileId`),
    part,
    ...(part === 'predicted' ? { predicted: predicted(r['predicted'], `${name}.predicted`) } : {}),
    visible: flag(r['visible'], `${name}.visible`),
    ...(heightPx === undefined ? {} : { heightPx: integer(10, 4000)(heightPx, `${name}.heightPx`) }),
  }
}

const selection: Check<ViewState['selection']> = (value, name) => {
  const r = record(value, name)
  const kind = oneOf('none', 'sample', 'position', 'file', 'track')(r['kind'], `${name}.kind`)
  switch (kind) {
    case 'none':
      return { kind }
    case 'sample':
    case 'file':
      return { kind, fileId: id(r['fileId'], `${name}.fileId`) }
    case 'track':
      return { kind, fileId: id(r['fileId'], `${name}.fileId`), trackId: id(r['trackId'], `${name}.trackId`) }
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
