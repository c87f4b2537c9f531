"""A local Azure Functions host: runs `function_app.py` through Microsoft's own runtime library, on a storage emulator.

`azure-functions-runtime`, the library that runs the app in Azure, indexes and invokes it in a child process.
This package adds what the .NET host does around it: blob, queue, timer and HTTP triggers, receipts, dequeue
counts, poison queues, lock renewal, schedules, the function timeout, the drain at a stop, and queue outputs. Hosts
that share a storage account and a host id share the work: each timer, and the scan for blobs, runs on the host that
has its lock.

It leaves out, on purpose:

- starting further hosts by itself (scale-out), dynamic concurrency, more than one worker process a host;
- a timer's `AdjustForDST` and time zones (UTC only), and functions without a time limit (`functionTimeout` of -1);
- the Event Grid source of blob triggers (the container is polled instead, with a warning) and reading `$logs`;
- bindings other than blob, queue and timer triggers, HTTP, and queue output; retry policies (`@app.retry`);
- HTTP cookies, streaming, CORS, host keys other than the one function key, and admin operations other than the status;
- identity-based connections (`AzureWebJobsStorage__...`): a connection string is needed, though the app takes both;
- Application Insights: log lines go to standard error.
"""
