"""The goals: what was promised of each count, and from where on a benchmark fails."""

PROMOTION_REQUESTS = 26  # from landing to promoted, with a staging endpoint and one poll
PROMOTION_REQUESTS_LIMIT = 30
IDLE_REQUESTS_A_ROUTE = 1  # the query of the active runs
IDLE_WRITES = 0
HEARTBEAT_WRITES = 1  # at most, within five minutes
PENDING_JOB_REQUESTS = 1  # the question to the service, in a tick where nothing changed
PENDING_JOB_WRITES = 0
SWEEP_REQUESTS_A_FILE = 1  # over files that have their outcome
IMPORT_RATIO = 1.5  # `import function_app` against `import azure.functions`
AHEAD = 1  # of a ratio of times: the studio's to another's
BESIDE_P99_RATIO = 3  # of one row beside batches of 100,000 rows, against a row alone
SWAP_P99_RATIO = 1.5  # while the model is swapped once a second, against steady
JOB_RATIO = 1.5  # a job, against reading the same CSV and a bare fit
JOB_AUC_BEHIND = 0.005
