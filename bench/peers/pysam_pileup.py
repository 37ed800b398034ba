"""The table of `diploscope pileup` by pysam's fastest call (one string a read): the peer of the pileup benchmark."""
import sys

import pysam

path, contig, start, end = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
out = ["contig\tpos\tsegments\tdepth\tA\tC\tG\tT\tN\tdel\trefskip\tins"]
with pysam.AlignmentFile(path) as bam:
    for column in bam.pileup(contig, start, end, truncate=True):
        counts = dict.fromkeys("ACGTN", 0)
        deleted = skipped = inserted = 0
        letters = column.get_query_sequences(add_indels=True)
        for text in letters:
            first = text[0].upper()
            if first in counts:
                counts[first] += 1
            elif first == "*":
                deleted += 1
            elif first in "<>":
                skipped += 1
            else:
                counts["N"] += 1
            inserted += len(text) > 1 and text[1] == "+"
        numbers = (column.reference_pos + 1, column.nsegments, len(letters), *counts.values(), deleted, skipped, inserted)
        out.append("\t".join(map(str, (contig, *numbers))))
sys.stdout.write("\n".join(out) + "\n")
