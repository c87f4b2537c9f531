// The Event Grid subscription that delivers the events of new CSVs to a queue, as the managed identity of the topic.
import { csvFilter, retryPolicy, subscriptionName } from 'csv-events.bicep'

@description('Name of the system topic.')
param topicName string

@description('Name of the storage account for data, which has the queue and the container for undelivered events.')
param storageAccountName string

@description('Name of the input container.')
param inputContainer string

@description('Name of the container for undelivered events.')
param deadLetterContainer string

@description('Name of the queue.')
param queueName string

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
    deliveryWithResourceIdentity: {
      identity: {
        type: 'SystemAssigned'
      }
      destination: {
        endpointType: 'StorageQueue'
        properties: {
          resourceId: account.id
          queueName: queueName
          queueMessageTimeToLiveInSeconds: 604800 // a week; the sweep finds a file long before
        }
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
