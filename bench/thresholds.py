"""The goal of each measurement, and the limit beyond which the benchmark fails."""

PROMOTION_REQUESTS = 26  # from landing to promoted, with a staging endpoint and one poll
MAX_PROMOTION_REQUESTS = 30
IDLE_REQUESTS_A_ROUTE = 1  # the query of the active runs
IDLE_WRITES = 0
MAX_HEARTBEAT_WRITES = 1  # within five minutes
PENDING_JOB_REQUESTS = 1  # the GET of the job's status, in a tick where nothing changed
PENDING_JOB_WRITES = 0
SWEEP_REQUESTS_A_FILE = 1  # for files that have their outcome
JOIN_REQUESTS_A_FILE = 1.002  # a block of each of 1,000 files, the header, and the list of blocks
MAX_JOIN_REQUESTS_A_FILE = 1.01
MEMBER_REQUESTS = 20  # for each file of a burst of 50, from landing to their one job
MAX_MEMBER_REQUESTS = 22
READING_MS_A_MB = 16.7  # 60 MB a second
IMPORT_RATIO = 1.5  # `import function_app` to `import azure.functions`
PARITY_RATIO = 1  # the studio's time to another service's: below 1 the studio is ahead
MIXED_LOAD_P99_RATIO = 3  # one row beside batches of 100,000 rows, to a row alone
SWAP_P99_RATIO = 1.5  # while the model is swapped once a second, to steady load
JOB_RATIO = 1.5  # a job, to reading the same CSV and a bare fit
JOB_AUC_BEHIND = 0.005
