"""Times numpy (q @ x.T and argpartition) and FAISS's flat index, on request of contenders.ts: one JSON object per line in, one out."""

import gc
import json
import os
import sys
import time

import numpy as np

try:
    import faiss
except ImportError:
    faiss = None

rows = index = None
random = np.random.default_rng(1)


def megabytes():
    """Resident memory of this process."""
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def by_numpy(queries, k):
    scores = queries @ rows.T
    best = np.argpartition(scores, -k, axis=1)[:, -k:]
    order = np.argsort(-np.take_along_axis(scores, best, 1), axis=1)
    return np.take_along_axis(best, order, 1)


def by_faiss(queries, k):
    return index.search(queries, k)


for line in sys.stdin:
    task = json.loads(line)
    if "rows" in task:
        rows = index = None
        before = megabytes()
        rows = random.standard_normal((task["rows"], task["dimension"]), dtype=np.float32)
        between = megabytes()
        began = time.perf_counter()
        if faiss:
            index = faiss.IndexFlatIP(task["dimension"])
            index.add(rows)
        build = (time.perf_counter() - began) * 1000
        answer = {
            "faiss": faiss is not None,
            "faissBuild": build,
            "numpyMegabytes": between - before,
            "faissMegabytes": megabytes() - between,
        }
    else:
        queries = random.standard_normal((task["queries"], rows.shape[1]), dtype=np.float32)
        run = by_numpy if task["engine"] == "numpy" else by_faiss
        began, busy = time.perf_counter(), time.process_time()
        for _ in range(task["repeats"]):
            run(queries, 10)
        scale = 1000 / task["repeats"]
        answer = {"wall": (time.perf_counter() - began) * scale, "busy": (time.process_time() - busy) * scale}
    print(json.dumps(answer), flush=True)
