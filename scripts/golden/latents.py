"""Golden values of distributions over latents, from scikit-learn. Usage: python latents.py OUT_DIR (writes latents.json)"""
import json
import os
import sys

import numpy as np
import sklearn
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity


def main(out):
    r = np.random.default_rng(5)
    centers = np.array([[2.0, 0.0, 1.0], [-2.0, 1.0, 0.0]])
    x = np.concatenate([c + r.normal(size=(30, 3)) @ np.diag([0.6, 0.4, 1.0]) for c in centers]).astype(np.float32).round(4)
    points = r.normal(size=(6, 3)).astype(np.float32).round(4)
    start = x[[3, 41]]
    covariance = np.cov(x.T.astype(np.float64), bias=True) + 1e-6 * np.eye(3)
    precision = np.linalg.inv(covariance)
    mixture = GaussianMixture(2, max_iter=100, tol=1e-3, means_init=start, weights_init=[0.5, 0.5], precisions_init=[precision, precision])
    mixture.fit(x.astype(np.float64))
    normal = GaussianMixture(1).fit(x.astype(np.float64))
    kernels = {}
    for bandwidth in (0.4, "scott", "silverman"):
        kernels[str(bandwidth)] = KernelDensity(bandwidth=bandwidth).fit(x.astype(np.float64)).score_samples(points).tolist()
    data = {
        "generator": "scripts/golden/latents.py", "library": f"scikit-learn {sklearn.__version__}", "seed": 5,
        "latents": x.tolist(), "points": points.tolist(), "initialMeans": start.tolist(),
        "mixture": {"weights": mixture.weights_.tolist(), "means": mixture.means_.tolist(), "covariances": mixture.covariances_.tolist(),
                    "iterations": mixture.n_iter_, "logLikelihood": mixture.lower_bound_, "logDensity": mixture.score_samples(points).tolist()},
        "normal": {"logDensity": normal.score_samples(points).tolist()},
        "kernels": kernels,
    }
    with open(os.path.join(out, "latents.json"), "w") as f:
        json.dump(data, f)
        f.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
