"""A training script as people write it: pandas reads, scikit-learn fits. JSON in on stdin, JSON out on stdout."""

import json
import sys
import time

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier

MISSING = "?"  # in addition to what pandas takes for missing by default
MAX_CATEGORIES = 255  # scikit-learn's trees take no more

request = json.load(sys.stdin)
began = time.perf_counter()
table = pd.read_csv(request["path"], na_values=[MISSING], skipinitialspace=True)
table.columns = table.columns.str.strip()
positive = table.pop(request["label"]).astype(str).str.strip() == request["positive"]
for name in table.select_dtypes(exclude="number").columns:
    common = table[name].value_counts().index[:MAX_CATEGORIES]
    table[name] = pd.Categorical(table[name], categories=common)
held_back = np.zeros(len(table), dtype=bool)
held_back[request["held_back"]] = True
model = HistGradientBoostingClassifier(categorical_features="from_dtype", random_state=0)
model.fit(table[~held_back], positive[~held_back])
probabilities = model.predict_proba(table[held_back])[:, 1]
seconds = time.perf_counter() - began
json.dump({"seconds": seconds, "probabilities": probabilities.tolist()}, sys.stdout)
