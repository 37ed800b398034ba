#!/bin/sh
# Makes the CRAM fixtures and their truth from reads.sam and genome.fa, which are made up. Made with samtools 1.16.1 on htslib 1.16:
#   cd test-data/cram && sh make.sh
# NAME.expected.tsv is what samtools itself reads back: the first eleven fields of every record.
set -e
samtools faidx genome.fa
# samtools writes the reference's path into the header: one that is nobody's.
cp genome.fa genome.fa.fai /tmp/
make() {
  samtools view --no-PG -O "cram,$2" -T /tmp/genome.fa -o "$1.cram" reads.sam
  samtools index "$1.cram"
  samtools view -T genome.fa "$1.cram" | cut -f1-11 > "$1.expected.tsv"
}
make version30 version=3.0,seqs_per_slice=60
make version21 version=2.1
