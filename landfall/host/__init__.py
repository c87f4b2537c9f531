"""A local Azure Functions host: runs `function_app.py` through Microsoft's own runtime library, on a storage emulator.

The app is indexed and invoked by `azure-functions-runtime`, the very library that runs it in Azure, in a child process.
This package adds what the .NET host does around it: blob, queue, timer and HTTP triggers, receipts, dequeue
counts, poison queues, lock renewal, schedules, the function timeout, and queue outputs.

What it leaves out, on purpose:

- locks between several hosts (run one per storage account and host id), scale-out, dynamic concurrency;
- the Event Grid source of blob triggers (polled instead) and reading `$logs`;
- bindings other than blob, queue and timer triggers, HTTP, and queue output; retry policies (`@app.retry`);
- HTTP cookies, streaming, CORS, host keys other than the one function key, and admin operations other than the status;
- identity-based connections (`AzureWebJobsStorage__...`): a connection string is needed;
- Application Insights: log lines go to standard error.
"""
