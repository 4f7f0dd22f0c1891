"""CPU seconds of one thread, hashes of voxels, and the record of a run; imported first, so that peers start with one thread."""
import hashlib
import json
import os
import platform
import sys
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"):
    os.environ[variable] = "1"

import numpy as np


def timed(call, runs=3):
    """Best of some runs, and the last result."""
    best, result = None, None
    for _ in range(runs):
        before = time.process_time()
        result = call()
        spent = time.process_time() - before
        best = spent if best is None else min(best, spent)
    return best, result


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


class Record:
    """Cases as they are timed; a case whose results differ has no time."""

    def __init__(self, threads):
        self.threads, self.cases = threads, []

    def add(self, case, ours, peer, peer_s, goal, agreed):
        if agreed is False:
            raise SystemExit(f"{case}: results differ from {peer}'s, no time counts")
        agreement = "not compared here" if agreed is None else agreed
        row = {"case": case, "threads": self.threads, "ours_s": ours["cpu_s"], "peer": peer, "peer_s": peer_s, "ratio": peer_s / ours["cpu_s"], "goal": goal, "agreement": agreement}
        peak = f"  {ours['peak_mb']:.0f} MB" if "peak_mb" in ours else ""
        if peak:
            row["ours_mb"] = ours["peak_mb"]
        print(f"{case:30} ours {row['ours_s']:.3f} s  {peer} {peer_s:.3f} s  {row['ratio']:.1f}x  goal {goal}x  agreement {agreement}{peak}", flush=True)
        self.cases.append(row)

    def save(self, path, words):
        if path is None:
            return
        told = {"machine": f"{platform.machine()}, {os.cpu_count()} cores", "date": time.strftime("%Y-%m-%d"), "command": f"{Path(sys.argv[0]).name} {words} --threads {self.threads}", "cases": self.cases}
        Path(path).write_text(json.dumps(told, indent=1) + "\n")
