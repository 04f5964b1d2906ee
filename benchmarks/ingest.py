"""Ingest: our wall time, files on disk to indexed, beside one bare encode and one bare NER pass over the same chunks.

Prints the ratio bare / ours (target: at least 0.80; above 1 means that our parts overlap better than one after the
other) and the peak memory of our process and its children (target: at most 2.5 GB). Models and
workers are up before either clock starts.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.pages import copy_pages, parser
from benchmarks.processes import Memory, call

TARGET_RATIO = 0.80
TARGET_GB = 2.5


def main() -> int:
    options = parser(__doc__).parse_args()
    memory = Memory()
    with tempfile.TemporaryDirectory(prefix="copilot-bench-") as name:
        home, folder, texts = Path(name) / "home", Path(name) / "pages", Path(name) / "texts.json"
        pages = copy_pages(options, folder)
        ours = call("benchmarks.load", [home, folder, texts], home=home, memory=memory)
        bare = call("benchmarks.bare", ["texts", texts], home=home)
    chunks, alone = ours["chunks"], bare["encode_s"] + bare["ner_s"]
    print(f"{pages} pages, {ours['counts']}, {chunks} chunks, {ours['characters']:,} characters")
    print(f"start  {ours['open_s']:7.1f} s to open, {ours['worker_start_s']:.1f} s for the worker; on no clock below")
    print(
        f"ours   {ours['ingest_s']:7.1f} s ({chunks / ours['ingest_s']:.1f} chunks/s); then publish {ours['publish_s']:.1f} s"
    )
    print(f"bare   {alone:7.1f} s (encode {bare['encode_s']:.1f} s, NER {bare['ner_s']:.1f} s)")
    ratio = alone / ours["ingest_s"]
    print(f"ratio  {ratio:7.2f}  {_met(ratio >= TARGET_RATIO)} at least {TARGET_RATIO}")
    gigabytes = memory.peak / 1e9
    print(
        f"memory {gigabytes:7.2f} GB at its peak  {_met(gigabytes <= TARGET_GB)} at most {TARGET_GB}"
        f" (PSS of the whole tree; the largest process had {memory.largest / 1e9:.2f} GB resident)"
    )
    return 0 if ratio >= TARGET_RATIO and gigabytes <= TARGET_GB else 1


def _met(target: bool) -> str:
    return "met:" if target else "MISSED:"


if __name__ == "__main__":
    raise SystemExit(main())
