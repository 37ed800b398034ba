import { describe, expect, it } from 'vitest'
import { parseSampleSheet } from './sampleSheet.ts'

// Truth: the sheets themselves, by eye.
describe('sample sheet', () => {
  const rows = (n: number, label: string, from = 0) => Array.from({ length: n }, (_, i) => `s${from + i}\tbam/s${from + i}.bam\t${label}`) // biome-ignore format: one line

  it('reads names, labels and covariates; paths are relative to the sheet; carriage returns and comments do no harm', () => {
    const text =
      '\ufeff## made up\r\n#Sample\tBAM\tlabel\tage\r\na\tx.bam\tAD\t71\r\n\r\nb\t/data/y.bam\t0\t\r\nc\tz.bam\t.\t80\r\n'
    const { rows, problems, cautions } = parseSampleSheet(text, '/sheets/s.tsv')
    expect(rows.map(r => [r.line, r.sample, r.path, r.label])).toEqual([
      [3, 'a', '/sheets/x.bam', 1],
      [5, 'b', '/data/y.bam', 0],
      [6, 'c', '/sheets/z.bam', null],
    ])
    expect(rows[0]!.covariates).toEqual({ age: '71' })
    expect(problems).toEqual([])
    expect(cautions).toEqual(['1 cases; at least 10 of each class are needed', '1 controls; at least 10 of each class are needed']) // biome-ignore format: one line
  })

  it('names each row at fault by line and goes on with the rest', () => {
    const text = ['sample\tbam\tlabel', 'a\ta.bam\t1', 'a\tb.bam\t0', 'c\tc.bam\tsick', 'd\ta.bam\t1', '\te.bam\t1', 'f\t\t1', 'g\tg.bam\t1\tmore', 'h\th.bam\t0'].join('\n') // biome-ignore format: one line
    const sheet = parseSampleSheet(text, 's.tsv')
    expect(sheet.rows.map(r => r.sample)).toEqual(['a', 'h'])
    expect(sheet.problems.map(p => [p.line, p.message])).toEqual([
      [3, "sample 'a' stands on line 2 already"],
      [4, "label 'sick' is none of 1, AD, case, 0, NC, control"],
      [5, "'a.bam' is the file of line 2 already"],
      [6, 'no sample name'],
      [7, "no file for sample 'f'"],
      [8, '4 columns, the header has 3'],
    ])
  })

  it('says when there is one class only, or fewer than ten of a class; nothing when no labels are given', () => {
    const sheet = (lines: string[]) => parseSampleSheet(['sample\tbam\tlabel', ...lines].join('\n'), 's.tsv').cautions
    expect(sheet(rows(12, '1'))).toEqual(['all 12 labels are cases: one class only'])
    expect(sheet([...rows(12, '1'), ...rows(9, '0', 20)])).toEqual(['9 controls; at least 10 of each class are needed'])
    expect(sheet([...rows(10, '1'), ...rows(10, '0', 20)])).toEqual([])
    expect(sheet(rows(3, ''))).toEqual([])
  })

  it.each([
    ['', /is empty/],
    ['sample\tbam\n', /no row/],
    ['name\tbam\nx\ty\n', /no column 'sample'/],
    ['sample\tlabel\nx\t1\n', /no column 'bam'/],
    ['sample\tbam\tbam\nx\ty\tz\n', /two columns 'bam'/],
    ['PK\u0003\u0000', /is no text/],
  ])('refuses %j', (text, message) => {
    expect(() => parseSampleSheet(text, 's.tsv')).toThrow(message)
  })
})
