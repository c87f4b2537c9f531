"""A blob trigger parameter that carries the blob's name and none of its content.

A plain blob trigger sends the whole blob through the host into the worker before the function runs. With an SDK type
as the parameter's annotation the host sends a reference instead. This reference is never opened, so it needs no client
and no import of the SDK.
"""

import json

from azurefunctions.extensions.base import Datum, InConverter, OutConverter, SdkType


class BlobReference(SdkType):  # type: ignore[misc]  # the base class comes without types
    """The blob of an event.

    Attributes:
        container: the container's name.
        name: the blob's name in it.
    """

    def __init__(self, *, container: str, name: str) -> None:
        super().__init__(data={})
        self.container = container
        self.name = name

    def get_sdk_type(self) -> "BlobReference":
        """Return the parameter's value: the reference itself."""
        return self


class BlobReferenceConverter(InConverter, OutConverter, binding="blob", trigger="blobTrigger"):  # type: ignore[misc,call-arg]
    """Converts the host's data for a deferred blob binding into a `BlobReference`."""

    @classmethod
    def check_input_type_annotation(cls, pytype: type) -> bool:
        """Tell whether a parameter of this type gets a reference."""
        return issubclass(pytype, BlobReference)

    @classmethod
    def decode(cls, data: Datum | None, *, trigger_metadata: object, pytype: object) -> BlobReference:
        """Read `{Connection, ContainerName, BlobName}` of the host's `model_binding_data`.

        Raises:
            ValueError: the host sent something else, for example the content.
        """
        del trigger_metadata, pytype  # the runtime passes them by name
        if data is None or data.type != "model_binding_data":
            raise ValueError(f"expected a reference to a blob, got {getattr(data, 'type', None)!r}")
        reference = json.loads(data.value.content)
        return BlobReference(container=reference["ContainerName"], name=reference["BlobName"])
