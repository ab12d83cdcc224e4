"""Mutual information gap by scikit-learn and NumPy: python mutual_information_gap.py > packages/vae/test/golden/mutual-information-gap.json"""

import json

import numpy as np
from sklearn.metrics import mutual_info_score

random = np.random.default_rng(7)
rows, bins = 200, 20
factors = {"shape": random.integers(0, 3, rows), "place": random.integers(0, 8, rows)}
latents = np.stack(
    [
        factors["place"] + 0.3 * random.normal(size=rows),
        factors["shape"] - 0.5 * factors["place"] + 0.2 * random.normal(size=rows),
        random.normal(size=rows),
    ],
    axis=1,
).astype(np.float32)

# np.histogram's bins, the largest value in the last one.
columns = []
for j in range(latents.shape[1]):
    column = latents[:, j].astype(np.float64)
    edges = np.histogram(column, bins)[1]
    columns.append(np.digitize(column, edges[:-1]))

shares = {}
for name, values in factors.items():
    entropy = mutual_info_score(values, values)
    shares[name] = [mutual_info_score(column, values) / entropy for column in columns]
gaps = {name: sorted(values)[-1] - sorted(values)[-2] for name, values in shares.items()}
print(
    json.dumps(
        {
            "latents": [[float(f"{v:.7g}") for v in row] for row in latents],
            "factors": {name: values.tolist() for name, values in factors.items()},
            "shares": shares,
            "gaps": gaps,
            "gap": float(np.mean(list(gaps.values()))),
        }
    )
)
