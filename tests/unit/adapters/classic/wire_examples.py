"""A location as the services write it, and the call whose answer is read."""

from shared.errors import ServiceFault

FAULT = ServiceFault("job status", "https://a.example/jobs/1")
LOCATION = {"BaseLocation": "https://s.example/", "RelativeLocation": "c/m.ilearner", "SasBlobToken": "?sig=x"}
