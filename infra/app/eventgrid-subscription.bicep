// The Event Grid subscription that delivers the events of new CSVs to the blob trigger. hooks/postdeploy.py deploys it,
// because the host creates the key in the URL only after it has loaded the functions. The deployment is idempotent.
import { csvFilter, retryPolicy, subscriptionName } from 'csv-events.bicep'

@description('Name of the function app.')
param functionAppName string

@description('Name of the system topic.')
param topicName string

@description('Name of the storage account for undelivered events.')
param storageAccountName string

@description('Name of the input container.')
param inputContainer string

@description('Name of the container for undelivered events.')
param deadLetterContainer string

@description('Name of the blob-triggered function.')
param functionName string = 'on_csv_landed'

resource site 'Microsoft.Web/sites@2025-03-01' existing = {
  name: functionAppName
}

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: storageAccountName
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

resource csvLanded 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: subscriptionName
  properties: {
    eventDeliverySchema: 'EventGridSchema'
    destination: {
      endpointType: 'WebHook'
      properties: {
        endpointUrl: 'https://${site.properties.defaultHostName}/runtime/webhooks/blobs?functionName=Host.Functions.${functionName}&code=${listKeys('${site.id}/host/default', '2025-03-01').systemKeys.blobs_extension}'
      }
    }
    filter: csvFilter(inputContainer)
    retryPolicy: retryPolicy
    deadLetterWithResourceIdentity: {
      identity: {
        type: 'SystemAssigned'
      }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: {
          resourceId: account.id
          blobContainerName: deadLetterContainer
        }
      }
    }
  }
}
