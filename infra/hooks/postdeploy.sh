#!/bin/sh
# Subscribes the blob trigger to the storage account's events: the second phase, after the code is deployed.
# The key of the trigger's URL appears only once the host has loaded the functions, hence the tries. Running it again
# changes nothing.
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
    echo "postdeploy: not set:$missing. 'azd provision' sets them; run this by 'azd hooks run postdeploy'." >&2
    exit 1
fi
if ! command -v az >/dev/null; then
    echo "postdeploy: the Azure CLI (az) is not on the PATH. Install it, 'az login', then 'azd hooks run postdeploy'." >&2
    exit 1
fi

said="$(mktemp)"
trap 'rm -f "$said"' EXIT

# What az says may quote the URL that it could not reach, and the key stands in that URL.
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
        echo "postdeploy: events of new CSVs in '$LANDFALL_INPUT' go to $AZURE_FUNCTION_APP_NAME."
        exit 0
    fi
    if grep -Eq "az login|AuthorizationFailed|ResourceGroupNotFound|SubscriptionNotFound" "$said"; then
        tell
        echo "postdeploy: trying again would not help; see above. Then: 'azd hooks run postdeploy'." >&2
        exit 1
    fi
    if [ "$try" -ge "$tries" ]; then
        tell
        echo "postdeploy: the subscription could not be made in $tries tries; what az said last stands above." >&2
        echo "Does the app run (GET /api/health)? If so: 'azd hooks run postdeploy'. Until then the sweep finds files." >&2
        exit 1
    fi
    echo "postdeploy: not yet (try $try of $tries): the host may still be loading the functions; again in $pause_s s." >&2
    try=$((try + 1))
    sleep "$pause_s"
done
