"""JSON answers that name their charset: without it, clients guess a wrong one (protocol 1.2)."""

from starlette.responses import JSONResponse

JSON_TYPE = "application/json; charset=utf-8"


class JsonResponse(JSONResponse):
    """An answer in JSON."""

    media_type = JSON_TYPE
