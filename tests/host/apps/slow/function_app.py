"""An app whose function takes as long as its message says."""

import time

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.function_name("wait")
@app.route("wait/{seconds}")
def wait(req: func.HttpRequest) -> str:
    """Answer after a while."""
    time.sleep(float(req.route_params["seconds"]))
    return "done"
