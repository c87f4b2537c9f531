"""A training as one writes it by hand: pandas reads, scikit-learn fits. Told by JSON on stdin, answers on stdout."""

import json
import sys
import time

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier

MISSING = "?"  # besides what pandas takes for missing by itself
MOST_CATEGORIES = 255  # that scikit-learn's trees take

told = json.load(sys.stdin)
began = time.perf_counter()
table = pd.read_csv(told["path"], na_values=[MISSING], skipinitialspace=True)
table.columns = table.columns.str.strip()
positive = table.pop(told["label"]).astype(str).str.strip() == told["positive"]
for name in table.select_dtypes(exclude="number").columns:
    common = table[name].value_counts().index[:MOST_CATEGORIES]
    table[name] = pd.Categorical(table[name], categories=common)
held_back = np.zeros(len(table), dtype=bool)
held_back[told["held_back"]] = True
model = HistGradientBoostingClassifier(categorical_features="from_dtype", random_state=0)
model.fit(table[~held_back], positive[~held_back])
probabilities = model.predict_proba(table[held_back])[:, 1]
seconds = time.perf_counter() - began
json.dump({"seconds": seconds, "probabilities": probabilities.tolist()}, sys.stdout)
