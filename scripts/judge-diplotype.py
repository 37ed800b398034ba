#!/usr/bin/env python3
"""An independent diplotype caller on pysam, to judge `diploscope diplotype` by (Debian: python3-pysam 0.20 on htslib 1.16).

judge-diplotype.py BAM...                  compares both callers over parts of each file; ends with the number of positions that differ
judge-diplotype.py --golden BAM REGION     prints contig, 1-based position, depth, and the alleles by top2 and by robust
"""
import itertools
import os
import subprocess
import sys

import pysam

ORDER = "A G T C N DEL AI GI TI CI NI".split()  # on equal counts the first wins
SHOWN = "A C G T N DEL AI CI GI TI NI".split()  # the order in which a pair is written
PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bin", "diploscope.mjs")


def tokens(column):
    counts = {}
    for read in column.pileups:
        if read.is_refskip:
            continue
        if read.is_del:
            token = "DEL"
        else:
            sequence = read.alignment.query_sequence
            base = sequence[read.query_position].upper() if sequence else "N"
            token = (base if base in "ACGT" else "N") + ("I" if read.indel > 0 else "")
        counts[token] = counts.get(token, 0) + 1
    return counts


def alleles(counts, caller):
    ranked = sorted(counts, key=lambda t: (-counts[t], ORDER.index(t)))
    if not ranked:
        pair = ["N", "N"]
    elif caller == "top2":
        pair = (ranked + ranked)[:2] if len(ranked) == 1 else ranked[:2]
    else:
        known = [t for t in ranked if t != "N"] or ["N"]
        total = sum(counts.values())
        second = len(known) > 1 and counts[known[1]] >= 2 and counts[known[1]] >= 0.2 * total
        pair = known[:2] if second else [known[0], known[0]]
    return "/".join(sorted(pair, key=SHOWN.index))


def judged(path, contig, start, end):
    """[(depth, top2, robust)] of every position of [start, end), 0-based"""
    out = [(0, "N/N", "N/N")] * (end - start)
    with pysam.AlignmentFile(path) as bam:
        for column in bam.pileup(contig, start, end, truncate=True, stepper="samtools"):
            counts = tokens(column)
            out[column.reference_pos - start] = (sum(counts.values()), alleles(counts, "top2"), alleles(counts, "robust"))
    return out


def ours(path, contig, start, end, caller):
    region = "%s:%d-%d" % (contig, start + 1, end)
    command = ["node", PROGRAM, "diplotype", path, "--region", region, "--caller", caller, "--format", "tsv", "--quiet"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [line.split("\t") for line in text.splitlines()[1:]]
    return [(int(row[4]), row[2]) for row in rows]


def places(path):
    with pysam.AlignmentFile(path) as bam:
        reads = list(itertools.islice((r for r in bam.fetch() if not r.is_unmapped), 3000))
        for read in ([reads[len(reads) // 3], reads[-1]] if reads else []):
            start = max(0, read.reference_start - 150)
            end = min(start + 900, bam.get_reference_length(read.reference_name))
            if end > start:
                yield read.reference_name, start, end


def main():
    if sys.argv[1] == "--golden":
        path, region = sys.argv[2:4]
        contig, span = region.rsplit(":", 1)
        first, last = map(int, span.split("-"))
        print("contig\tpos\tdepth\ttop2\trobust")
        for i, row in enumerate(judged(path, contig, first - 1, last)):
            print(contig, first + i, *row, sep="\t")
        return 0
    positions = off = heterozygous = 0
    for path in sys.argv[1:]:
        for contig, start, end in places(path):
            truth = judged(path, contig, start, end)
            for index, caller in ((1, "top2"), (2, "robust")):
                wanted = [(row[0], row[index]) for row in truth]
                found = ours(path, contig, start, end, caller)
                differ = [i for i in range(end - start) if i >= len(found) or found[i] != wanted[i]]
                positions += end - start
                heterozygous += sum(len(set(pair.split("/"))) == 2 for _, pair in wanted)
                off += len(differ)
                for i in differ[:3]:
                    print(path, contig, start + i + 1, caller, "pysam", wanted[i], "ours", found[i : i + 1], file=sys.stderr)
    print("positions %d, heterozygous %d, off %d" % (positions, heterozygous, off))
    return 1 if off or not positions else 0


if __name__ == "__main__":
    sys.exit(main())
