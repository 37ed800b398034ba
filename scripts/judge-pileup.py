#!/usr/bin/python3
"""Judges `diploscope pileup` by a live pysam (made with pysam 0.20.0 on htslib 1.16, Debian's python3-pysam).

usage: scripts/judge-pileup.py [--data FOLDER] [--random N] [--seed S] [--goldens]

Without options: every indexed BAM below FOLDER (default ../shared/data), up to four regions each, with every option set; then N
random files with odd CIGARs, flags and names. `--goldens` writes test-data/pileup anew: random alignments as SAM text, and
pysam's table of each under several option sets. Prints how many columns were compared and how many differ; exit 1 if any does.
"""
import argparse
import glob
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pysam

pysam.set_verbosity(0)
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
GOLDENS = os.path.join(ROOT, "test-data", "pileup")
HEADER = "contig\tpos\tsegments\tdepth\tA\tC\tG\tT\tN\tdel\trefskip\tins"

OPTION_SETS = {  # name: words of pysam
    "defaults": {},
    "all": {"stepper": "all"},
    "nofilter-q0": {"stepper": "nofilter", "min_base_quality": 0},
    "nofilter": {"stepper": "nofilter"},
    "overlaps-counted": {"ignore_overlaps": False},
    "orphans": {"ignore_orphans": False},
    "mapq20-q20": {"min_mapping_quality": 20, "min_base_quality": 20},
    "cap1": {"max_depth": 1},
    "cap3-q0": {"max_depth": 3, "min_base_quality": 0, "ignore_orphans": False},
    "cap8-all": {"max_depth": 8, "stepper": "all"},
    "flags": {"flag_filter": 0x110, "flag_require": 0x42, "ignore_orphans": False},
    "unfiltered-cap3": {"flag_filter": 0, "max_depth": 3, "ignore_orphans": False},
    "q40": {"min_base_quality": 40, "ignore_orphans": False},
}


def flags_of(words):
    """pysam's words as options of the program."""
    out = []
    for key, value in words.items():
        if key == "ignore_overlaps":
            out += ["--count-overlaps"]
        elif key == "ignore_orphans":
            out += ["--keep-orphans"]
        else:
            out += ["--" + key.replace("_", "-"), str(value)]
    return out


def table(path, contig, start, end, words):
    """pysam's answer, from its plainest interface."""
    rows = [HEADER]
    with pysam.AlignmentFile(path) as bam:
        for column in bam.pileup(contig, start, end, truncate=True, **words):
            counts = dict.fromkeys("ACGTN", 0)
            deleted = skipped = inserted = 0
            for read in column.pileups:
                inserted += read.indel > 0
                if read.is_refskip:
                    skipped += 1
                elif read.is_del:
                    deleted += 1
                else:
                    sequence = read.alignment.query_sequence
                    letter = sequence[read.query_position] if sequence else "N"
                    counts[letter if letter in counts else "N"] += 1
            numbers = [column.reference_pos + 1, column.nsegments, column.get_num_aligned(), *counts.values(), deleted, skipped, inserted]
            rows.append("\t".join(map(str, [contig, *numbers])))
    return rows


def own(path, region, words):
    program = ["node", os.path.join(ROOT, "bin", "diploscope.mjs")]
    if os.environ.get("DIPLOSCOPE_PROGRAM"):
        program = ["node", os.environ["DIPLOSCOPE_PROGRAM"]]
    done = subprocess.run(program + ["pileup", path, "--region", region, "--quiet"] + flags_of(words), capture_output=True, text=True)
    if done.returncode:
        return ["exit %d: %s" % (done.returncode, done.stderr.strip())]
    return done.stdout.rstrip("\n").split("\n")


def compare(case):
    path, contig, start, end, name, words = case
    want = table(path, contig, start, end, words)
    got = own(path, "%s:%d-%d" % (contig, start + 1, end), words)
    bad = len(set(want) ^ set(got)) or int(want != got)
    note = None
    if bad:
        w, g = next(((w, g) for w, g in zip(want + ["-"], got + ["-"]) if w != g), ("?", "?"))
        note = "%s %s:%d-%d %s: pysam %s, own %s" % (path, contig, start + 1, end, name, w, g)
    return len(want) - 1, bad, note


# ---- random alignments

LETTERS = "ACGT"


def random_cigar(r):
    """Odd but legal: clips at the ends, gaps and insertions anywhere, padding between, rarely no aligned base at all."""
    def n(top):
        return r.randint(1, top)
    middle = []
    for _ in range(r.choice((1, 1, 1, 2, 3, 4, 6))):
        middle.append((r.choice((0, 0, 0, 7, 8)), n(12)))
        if r.random() < 0.7:
            for _ in range(r.choice((1, 1, 1, 2, 3))):
                middle.append((r.choice((1, 2, 3, 1, 2, 6)), n(5)))
    if r.random() < 0.1:
        middle.insert(0, (r.choice((1, 2, 3, 6)), n(4)))
    if r.random() < 0.8:
        while middle and middle[-1][0] not in (0, 7, 8):
            middle.pop()
    if r.random() < 0.03:
        middle = [(1, n(9))]
    cigar = ([(5, n(3))] if r.random() < 0.1 else []) + ([(4, n(4))] if r.random() < 0.2 else []) + middle
    cigar += ([(4, n(4))] if r.random() < 0.2 else []) + ([(5, n(3))] if r.random() < 0.1 else [])
    return cigar


def random_reads(r, count, span, contigs=2):
    """Reads as dicts. Few names, so that two, three and four records share one; mates' places sometimes right, sometimes not."""
    reference = "".join(r.choice(LETTERS) for _ in range(span + 200))
    names = ["n%d" % r.randrange(10 ** r.randint(1, 6)) for _ in range(max(2, count // r.choice((2, 2, 3))))]
    reads = []
    for _ in range(count):
        cigar = random_cigar(r)
        start = r.randrange(span)
        if r.random() < 0.3 and reads:
            start = r.choice(reads)["start"]
        length = sum(m for op, m in cigar if op in (0, 1, 4, 7, 8))
        position, bases = start, []
        for op, m in cigar:
            if op in (0, 7, 8):
                bases += [reference[position + k] if r.random() < 0.85 else r.choice("ACGTNR=") for k in range(m)]
            elif op in (1, 4):
                bases += [r.choice(LETTERS) for _ in range(m)]
            if op in (0, 2, 3, 7, 8):
                position += m
        flag = 0
        if r.random() < 0.85:
            flag |= 0x1 | (0x2 if r.random() < 0.85 else 0) | r.choice((0x40, 0x80, 0)) | (0x8 if r.random() < 0.05 else 0)
        for bit, chance in ((0x4, 0.03), (0x10, 0.5), (0x100, 0.05), (0x200, 0.04), (0x400, 0.05), (0x800, 0.06)):
            flag |= bit if r.random() < chance else 0
        kind = r.random()
        qualities = [r.choice((0, 2, 7, 10, 12, 13, 14, 20, 25, 30, 37, 41, 60, 93)) for _ in range(length)]
        if kind < 0.04:
            qualities = None  # missing: all 255
        if kind > 0.97:
            bases, qualities = [], None  # SEQ *; never in a proper pair, where htslib's behaviour is undefined
            flag &= ~0x2
        reads.append(dict(name=r.choice(names), flag=flag, contig=r.choice((0, 0, 0, 1)) % contigs, start=start, cigar=cigar, length=length,
                          mapq=r.choice((0, 10, 19, 20, 60, 60, 255)), bases="".join(bases), qualities=qualities,
                          end=position, mate_contig=-1, mate_start=-1, tlen=0))
    for a in reads:
        others = [b for b in reads if b["name"] == a["name"] and b is not a]
        chance = r.random()
        if others and chance < 0.8:
            b = r.choice(others)
            a["mate_contig"], a["mate_start"] = b["contig"], b["start"]
            low, high = min(a["start"], b["start"]), max(a["end"], b["end"])
            a["tlen"] = (high - low) * (1 if a["start"] <= b["start"] else -1) if r.random() < 0.8 else r.choice((0, 5, 1000, -1000))
        elif chance < 0.9:
            a["mate_contig"], a["mate_start"] = r.choice((-1, 0, 1)), r.randrange(-1, span)
            a["tlen"] = r.choice((0, 0, 30, -30, 1000))
    reads.sort(key=lambda x: (x["contig"], x["start"]))
    return reads


def write_bam(path, reads, lengths):
    header = pysam.AlignmentHeader.from_dict({"HD": {"VN": "1.6", "SO": "coordinate"},
                                              "SQ": [{"SN": "c%d" % i, "LN": n} for i, n in enumerate(lengths)]})
    with pysam.AlignmentFile(path, "wb", header=header) as out:
        for x in reads:
            a = pysam.AlignedSegment(header)
            a.query_name, a.flag, a.reference_id, a.reference_start = x["name"], x["flag"], x["contig"], x["start"]
            a.mapping_quality, a.cigartuples = x["mapq"], x["cigar"]
            a.query_sequence = x["bases"] or None
            a.query_qualities = pysam.qualitystring_to_array("".join(chr(33 + q) for q in x["qualities"])) if x["qualities"] else None
            a.next_reference_id, a.next_reference_start, a.template_length = x["mate_contig"], x["mate_start"], x["tlen"]
            out.write(a)
    pysam.index(path)


# ---- regions of real files

def regions(path):
    """The densest 500 bases, where coverage begins, where gaps and overlapping mates are, and the end of the last read."""
    starts, rich, first, last = Counter(), Counter(), {}, {}
    with pysam.AlignmentFile(path) as bam:
        lengths = dict(zip(bam.references, bam.lengths))
        for i, read in enumerate(bam.fetch(until_eof=True)):
            if i > 60000:
                break
            if read.reference_id < 0:
                continue
            name, at, end = read.reference_name, read.reference_start, read.reference_end or read.reference_start + 1
            starts[name, at // 500] += 1
            first.setdefault(name, at)
            last[name] = max(last.get(name, 0), end)
            if "D" in (read.cigarstring or "") or "N" in (read.cigarstring or "") or read.next_reference_start in range(at, end):
                rich[name, read.next_reference_start // 500 if read.is_proper_pair else at // 500] += 1
    found = set()
    for counter in (starts, rich):
        if counter:
            name, b = min(counter, key=lambda k: (-counter[k], k))
            found.add((name, max(0, b * 500 - 333), b * 500 + 777))
    for name in list(first)[:1]:
        found.add((name, max(0, first[name] - 50), first[name] + 350))
        found.add((name, max(0, last[name] - 300), last[name] + 50))
    return sorted((n, a, min(b, lengths[n])) for n, a, b in found if a < min(b, lengths[n]))


def real_cases(folder):
    for path in sorted(glob.glob(os.path.join(folder, "**", "*.bam"), recursive=True)):
        if any(os.path.exists(p) for p in (path + ".bai", path + ".csi", path[:-4] + ".bai")):
            for contig, start, end in regions(path):
                for name, words in OPTION_SETS.items():
                    yield path, contig, start, end, name, words


def random_cases(folder, count, seed):
    for k in range(count):
        r = random.Random("%d-%d" % (seed, k))
        span = r.choice((40, 150, 400))
        path = os.path.join(folder, "random-%d.bam" % k)
        write_bam(path, random_reads(r, r.choice((10, 40, 120)), span), (span + 100, span + 100))
        for name in r.sample(sorted(OPTION_SETS), 3):
            start = r.choice((0, r.randrange(span)))
            yield path, r.choice(("c0", "c0", "c1")), start, r.choice((span + 100, start + r.randint(1, 60))), name, OPTION_SETS[name]


# ---- goldens

def sam_line(x):
    name = lambda i: "*" if i < 0 else "c%d" % i
    letters = "MIDNSHP=X"
    return "\t".join(map(str, [x["name"], x["flag"], name(x["contig"]), x["start"] + 1, x["mapq"],
                               "".join("%d%s" % (n, letters[op]) for op, n in x["cigar"]), name(x["mate_contig"]), x["mate_start"] + 1, x["tlen"],
                               x["bases"] or "*", "".join(chr(33 + q) for q in x["qualities"]) if x["qualities"] else "*"]))


def write_goldens():
    os.makedirs(GOLDENS, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for k in range(4):
            r = random.Random("golden-%d" % k)
            span = (60, 60, 120, 120)[k]
            reads = random_reads(r, (30, 60, 60, 60)[k], span)
            lengths = (span + 100, span + 100)
            path = os.path.join(folder, "g.bam")
            write_bam(path, reads, lengths)
            lines = ["@HD\tVN:1.6\tSO:coordinate"] + ["@SQ\tSN:c%d\tLN:%d" % p for p in enumerate(lengths)] + [sam_line(x) for x in reads]
            with open(os.path.join(GOLDENS, "random-%d.sam" % k), "w") as out:
                out.write("\n".join(lines) + "\n")
            with open(os.path.join(GOLDENS, "random-%d.tsv" % k), "w") as out:
                out.write("# pysam %s, htslib %s; scripts/judge-pileup.py --goldens\n" % (pysam.__version__, pysam.version.__htslib_version__))
                for name, words in OPTION_SETS.items():
                    for contig, start, end in (("c0", 0, span + 100), ("c1", 17, span // 2)):
                        out.write("# %s:%d-%d %s\n" % (contig, start + 1, end, " ".join(flags_of(words))))
                        out.write("\n".join(table(path, contig, start, end, words)) + "\n")


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--data", default=os.path.join(ROOT, "..", "shared", "data"))
    p.add_argument("--random", type=int, default=100)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--goldens", action="store_true")
    o = p.parse_args()
    if o.goldens:
        return write_goldens()
    folder = tempfile.mkdtemp(prefix="judge-pileup-")
    try:
        cases = list(real_cases(o.data)) if os.path.isdir(o.data) else []
        real = len(cases)
        cases += list(random_cases(folder, o.random, o.seed))
        with ThreadPoolExecutor(2) as pool:
            results = list(pool.map(compare, cases))
        for note in [n for _, _, n in results if n][:20]:
            print(note)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    columns, different = sum(r[0] for r in results), sum(r[1] for r in results)
    print("pysam %s, htslib %s: %d tables of real files, %d of random ones; columns compared %d, different %d" % (
        pysam.__version__, pysam.version.__htslib_version__, real, len(cases) - real, columns, different))
    return 1 if different or not columns else 0


if __name__ == "__main__":
    sys.exit(main())
