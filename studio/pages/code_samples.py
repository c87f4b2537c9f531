"""Sample code that calls a service, in four languages, with its real URLs and bodies and placeholders for secrets."""

import json
import re
import shlex
from dataclasses import dataclass

from studio.json_values import Json

KEY_PLACEHOLDER = "YOUR-API-KEY"
STORAGE_PLACEHOLDER = "YOUR-STORAGE-CONNECTION-STRING"


@dataclass(frozen=True)
class Sample:
    """A program or command; `name` ends its id `code-snippet-NAME` in the page, as in the original's pages."""

    language: str
    name: str
    code: str


_PYTHON_CALL = """\
import json
import urllib.error
import urllib.request

url = "@url@"
api_key = "@key@"

body = @body@

request = urllib.request.Request(url, json.dumps(body).encode("utf-8"), method="@method@")
request.add_header("Authorization", "Bearer " + api_key)
request.add_header("Content-Type", "application/json")
try:
    with urllib.request.urlopen(request) as response:
        print(response.read().decode("utf-8"))
except urllib.error.HTTPError as error:
    print("The request failed with status", error.code)
    print(error.read().decode("utf-8"))
    raise SystemExit(1)
"""

_CURL_CALL = """\
API_KEY='@key@'
curl --fail-with-body -X @method@ '@url@' \\
  -H "Authorization: Bearer $API_KEY" -H 'Content-Type: application/json' \\
  --data-raw @quoted@
"""

_CSHARP_CALL = '''\
using System.Net.Http.Headers;
using System.Text;

const string url = "@url@";
const string apiKey = "@key@";
const string body = """
@body@
""";

using var client = new HttpClient();
client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", apiKey);
using var request = new HttpRequestMessage(new HttpMethod("@method@"), url);
request.Content = new StringContent(body, Encoding.UTF8, "application/json");
using var response = await client.SendAsync(request);
Console.WriteLine($"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
'''

_R_CALL = """\
library(httr)

url <- "@url@"
api_key <- "@key@"
body <- @raw@

response <- VERB("@method@", url, add_headers(Authorization = paste("Bearer", api_key)),
                 content_type_json(), body = body, encode = "raw")
cat(status_code(response), content(response, as = "text", encoding = "UTF-8"))
"""

_PYTHON_JOB = """\
import json
import time
import urllib.error
import urllib.request

jobs_url = "@url@"
api_key = "@key@"

job = @body@


def call(method, path="", body=None):
    data = None if body is None else json.dumps(body).encode("utf-8")
    request = urllib.request.Request(jobs_url + path + "?api-version=2.0", data, method=method)
    request.add_header("Authorization", "Bearer " + api_key)
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request) as response:
        return json.loads(response.read() or "null")


try:
    job_id = call("POST", body=job)
    call("POST", "/" + job_id + "/start")
    while True:
        status = call("GET", "/" + job_id)
        if status["StatusCode"] in ("Finished", "Failed", "Cancelled"):
            break
        time.sleep(1)
    print(json.dumps(status, indent=2))
except urllib.error.HTTPError as error:
    print("The request failed with status", error.code)
    print(error.read().decode("utf-8"))
    raise SystemExit(1)
"""

_CURL_JOB = """\
API_KEY='@key@'
JOBS='@url@'
JOB=$(curl --fail-with-body -s -X POST "$JOBS?api-version=2.0" \\
  -H "Authorization: Bearer $API_KEY" -H 'Content-Type: application/json' \\
  --data-raw @quoted@ | tr -d '"')
curl --fail-with-body -X POST "$JOBS/$JOB/start?api-version=2.0" -H "Authorization: Bearer $API_KEY" -d ''
# Repeat until StatusCode is Finished, Failed or Cancelled:
curl --fail-with-body "$JOBS/$JOB?api-version=2.0" -H "Authorization: Bearer $API_KEY"
"""

_CSHARP_JOB = '''\
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

const string jobsUrl = "@url@";
const string apiKey = "@key@";
const string job = """
@body@
""";

using var client = new HttpClient();
client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", apiKey);

async Task<string> Call(HttpMethod method, string path = "", string body = "")
{
    using var request = new HttpRequestMessage(method, $"{jobsUrl}{path}?api-version=2.0");
    if (method == HttpMethod.Post) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
    using var response = await client.SendAsync(request);
    var text = await response.Content.ReadAsStringAsync();
    return response.IsSuccessStatusCode ? text : throw new Exception($"{(int)response.StatusCode}: {text}");
}

var id = JsonSerializer.Deserialize<string>(await Call(HttpMethod.Post, body: job));
await Call(HttpMethod.Post, $"/{id}/start");
string status;
do
{
    await Task.Delay(1000);
    status = await Call(HttpMethod.Get, $"/{id}");
} while (JsonDocument.Parse(status).RootElement.GetProperty("StatusCode").GetString() is "NotStarted" or "Running");
Console.WriteLine(status);
'''

_R_JOB = """\
library(httr)

jobs_url <- "@url@"
authorization <- add_headers(Authorization = paste("Bearer", "@key@"))
job <- @raw@
version <- list(`api-version` = "2.0")

submitted <- POST(jobs_url, query = version, authorization, content_type_json(), body = job, encode = "raw")
stop_for_status(submitted)
job_url <- paste(jobs_url, content(submitted, as = "parsed", type = "application/json"), sep = "/")
stop_for_status(POST(paste0(job_url, "/start"), query = version, authorization))
repeat {
  status <- content(GET(job_url, query = version, authorization), as = "parsed")
  if (!(status$StatusCode %in% c("NotStarted", "Running"))) break
  Sys.sleep(1)
}
str(status)
"""


def call_samples(method: str, url: str, body: Json) -> list[Sample]:
    """Return samples that send one request."""
    return _filled((_PYTHON_CALL, _CSHARP_CALL, _CURL_CALL, _R_CALL), method, url, body)


def job_samples(jobs_url: str, body: Json) -> list[Sample]:
    """Return samples that submit a job, start it, and wait until it ends."""
    return _filled((_PYTHON_JOB, _CSHARP_JOB, _CURL_JOB, _R_JOB), "POST", jobs_url, body)


def _filled(templates: tuple[str, str, str, str], method: str, url: str, body: Json) -> list[Sample]:
    # JSON of strings, numbers, lists and objects is Python too, and never contains three quotes in a row.
    written = json.dumps(body, indent=4, ensure_ascii=False)
    values = {"key": KEY_PLACEHOLDER, "method": method, "url": url, "body": written, "raw": _r_text(written)}
    values["quoted"] = shlex.quote(json.dumps(body, ensure_ascii=False))
    languages = (("Python", "python"), ("C#", "csharp"), ("curl", "curl"), ("R", "r"))
    return [
        # In one pass, so that inserted text is not searched for placeholders.
        Sample(language, name, re.sub(r"@(\w+)@", lambda match: values.get(match[1], match[0]), template))
        for (language, name), template in zip(languages, templates, strict=True)
    ]


def _r_text(text: str) -> str:
    """Return a raw string of R (4.0 and later), with enough dashes for a unique end."""
    dashes = "-"
    while f'){dashes}"' in text:
        dashes += "-"
    return f'r"{dashes}({text}){dashes}"'
