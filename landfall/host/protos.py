"""Stand-ins for the protobuf messages between host and worker: the runtime library does not import protobuf itself.

The front end of the worker injects the module. Any object with the same attributes works.
"""

import types
from typing import Any


class Message(types.SimpleNamespace):
    """Any message: its keywords are its fields."""

    def __init__(self, *_: Any, **fields: Any) -> None:
        super().__init__(**fields)


class StatusResult(Message):
    """How a request ended."""

    Failure, Success, Cancelled = 0, 1, 2


class BindingInfo(Message):
    """A binding's direction and data type."""

    out, inout = 1, 2
    undefined, string, binary, stream = 0, 1, 2, 3


class TypedData(Message):
    """A value of one of several kinds: exactly one field, named after its kind."""

    def WhichOneof(self, _: str) -> str | None:  # noqa: N802 - protobuf's name
        """Return the kind."""
        return next(iter(self.__dict__), None)


class ParameterBinding(Message):
    """A named value."""

    def WhichOneof(self, _: str) -> str:  # noqa: N802 - protobuf's name
        """Return the kind of value: always plain data here."""
        return "data"


_PLAIN = (
    *("WorkerInitResponse", "WorkerMetadata", "RpcException", "FunctionMetadataResponse", "FunctionLoadResponse"),
    *("RpcFunctionMetadata", "RpcRetryOptions", "InvocationResponse", "RpcHttp"),
)


def protos_module() -> types.ModuleType:
    """Return the module that the runtime library expects as its message classes."""
    module = types.ModuleType("protos")
    for name in _PLAIN:
        setattr(module, name, type(name, (Message,), {}))
    for kind in (StatusResult, BindingInfo, TypedData, ParameterBinding):
        setattr(module, kind.__name__, kind)
    return module
