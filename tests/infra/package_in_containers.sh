#!/usr/bin/env bash
# Starts the zip that is deployed (the argument) in two clean Linux containers, with the packages of the zip alone:
# in bare Python without a network, and in the platform's own image with a storage emulator. Needs Docker and `make setup`.
set -euo pipefail
cd "$(dirname "$0")/../.."

work="$(mktemp -d)"
finish() {
	docker rm --force landfall-host >/dev/null 2>&1 || true
	if [ -n "${azurite:-}" ]; then kill "$azurite"; fi
}
trap finish EXIT
mkdir "$work/app" "$work/storage"
unzip -q "$1" -d "$work/app"
chmod -R a+rX "$work"
.venv/bin/python -c 'import json; print(*(f"{k}={v}" for k, v in json.load(open("local.settings.example.json"))["Values"].items()), sep="\n")' \
	>"$work/settings"

echo "== in the base image of the studio: the app imports and registers its functions"
image="$(sed -n 's/^FROM \([^ ]*\).*/\1/p' studio/Dockerfile | head -n 1)"
docker run --rm --network none --read-only --env-file "$work/settings" --volume "$work/app:/app:ro" --workdir /app \
	--env PYTHONPATH=/app/.python_packages/lib/site-packages --env PYTHONDONTWRITEBYTECODE=1 "$image" \
	python -c 'import function_app; print(*(function.get_function_name() for function in function_app.app.get_functions()))' |
	tee "$work/functions"
for function in on_csv_landed poll_pending_jobs evaluate_and_promote sweep health runs operations approval; do
	grep --quiet --word-regexp "$function" "$work/functions"
done

echo "== in the image of Azure Functions: the host starts the app, which answers"
node node_modules/azurite/dist/src/azurite.js --silent --skipApiVersionCheck --location "$work/storage" &
azurite=$!
# By tag on purpose: the platform renews its hosts as well, and this is the newest.
docker run --detach --name landfall-host --network host --env-file "$work/settings" --volume "$work/app:/home/site/wwwroot" \
	--env AzureWebJobsSecretStorageType=files --env ASPNETCORE_URLS=http://127.0.0.1:7071 \
	--env AzureFunctionsJobHost__Logging__Console__IsEnabled=true mcr.microsoft.com/azure-functions/python:4-python3.13
# The page of approval links is the one function that needs no key.
if ! curl --fail --silent --show-error --retry 60 --retry-delay 2 --retry-all-errors --output "$work/page" \
	http://127.0.0.1:7071/api/approval; then
	docker logs landfall-host
	exit 1
fi
grep --quiet '<html' "$work/page"
echo "both containers started the app"
