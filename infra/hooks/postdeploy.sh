#!/bin/sh
# Deploys the Event Grid subscription of the blob trigger, after azd has deployed the code. The host creates the key in
# the trigger's URL only after it has loaded the functions, so the script retries. The script is idempotent.
set -eu

tries=20
pause_s="${LANDFALL_HOOK_PAUSE_S:-15}" # 20 tries, 15 s apart: about five minutes
here="$(dirname "$0")"

missing=''
for name in AZURE_SUBSCRIPTION_ID AZURE_RESOURCE_GROUP AZURE_FUNCTION_APP_NAME AZURE_EVENTGRID_TOPIC_NAME \
    AZURE_STORAGE_ACCOUNT_NAME LANDFALL_INPUT AZURE_DEAD_LETTER_CONTAINER; do
    eval "value=\${$name:-}"
    # shellcheck disable=SC2154 # set by the eval above
    [ -n "$value" ] || missing="$missing $name"
done
if [ -n "$missing" ]; then
    echo "postdeploy: not set:$missing. Run 'azd provision', which sets them, then 'azd hooks run postdeploy'." >&2
    exit 1
fi
if ! command -v az >/dev/null; then
    echo "postdeploy: the Azure CLI (az) is not on the PATH. Install it, run 'az login', then 'azd hooks run postdeploy'." >&2
    exit 1
fi

said="$(mktemp)"
trap 'rm -f "$said"' EXIT

# An error of az may quote the trigger's URL, which contains the key.
tell() {
    sed -E 's/code=[^"&[:space:]]+/code=***/g' "$said" | tail -n 5 >&2
}

try=1
while :; do
    if az deployment group create --name landfall-events --subscription "$AZURE_SUBSCRIPTION_ID" \
        --resource-group "$AZURE_RESOURCE_GROUP" --template-file "$here/../app/eventgrid-subscription.bicep" \
        --parameters "functionAppName=$AZURE_FUNCTION_APP_NAME" "topicName=$AZURE_EVENTGRID_TOPIC_NAME" \
        "storageAccountName=$AZURE_STORAGE_ACCOUNT_NAME" "inputContainer=$LANDFALL_INPUT" \
        "deadLetterContainer=$AZURE_DEAD_LETTER_CONTAINER" --only-show-errors --output none >"$said" 2>&1; then
        echo "postdeploy: Event Grid delivers the events of new CSVs in '$LANDFALL_INPUT' to $AZURE_FUNCTION_APP_NAME."
        exit 0
    fi
    if grep -Eq "az login|AuthorizationFailed|ResourceGroupNotFound|SubscriptionNotFound" "$said"; then
        tell
        echo "postdeploy: a retry would not help. Mend the error above, then run 'azd hooks run postdeploy'." >&2
        exit 1
    fi
    if [ "$try" -ge "$tries" ]; then
        tell
        echo "postdeploy: the subscription could not be deployed in $tries tries. The last error of az is above." >&2
        echo "Check that the app runs (GET /api/health), then run 'azd hooks run postdeploy'. Until then the sweep finds files." >&2
        exit 1
    fi
    echo "postdeploy: not yet (try $try of $tries). The host may still be loading the functions. Next try in $pause_s s." >&2
    try=$((try + 1))
    sleep "$pause_s"
done
