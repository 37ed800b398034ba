"""Ids of the lines of a text by the SentencePiece library of Python: MODEL TEXT -> a line of ids for each line."""
import sys

import sentencepiece

processor = sentencepiece.SentencePieceProcessor(model_file=sys.argv[1])
with open(sys.argv[2], encoding="utf-8", newline="\n") as lines:
    for line in lines:
        print(*processor.encode(line.rstrip("\n")))
