"""Start-up: from the start of the process until /readyz says yes, models loaded and warm; and the memory it then holds."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.pages import parser
from benchmarks.processes import SAMPLE_S, Memory, serving

SAMPLES = 5


def main() -> int:
    made = parser(__doc__)
    made.add_argument("--runs", type=int, default=3, help="(%(default)s)")
    options = made.parse_args()
    memory = Memory()
    times = []
    with tempfile.TemporaryDirectory(prefix="copilot-bench-") as name:
        home = Path(name) / "home"
        for _ in range(options.runs):
            with serving(home) as server:
                times.append(server.ready_s)
                with memory.watch(server.pid):
                    time.sleep(SAMPLES * SAMPLE_S)
    first, *later = times
    print(f"first start, database made  {first:.1f} s")
    if later:
        print(f"later starts, median        {median(later):.1f} s")
    print(f"memory when ready           {memory.peak / 1e9:.2f} GB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
