// The system topic for the events of the data account. Its subscription has a file of its own for each kind of delivery.
import { resourceTags } from '../types.bicep'

@description('Name of the system topic.')
param topicName string

@description('Name of the storage account whose events the topic publishes.')
param storageAccountName string

@description('Azure region of the storage account.')
param location string

@description('Tags of the resource.')
param tags resourceTags

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: storageAccountName
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: topicName
  location: location
  tags: tags
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    source: account.id
    topicType: 'Microsoft.Storage.StorageAccounts'
  }
}

@description('Name of the topic.')
output topicName string = topic.name

@description('Resource id of the topic, for the alert on undelivered events.')
output topicId string = topic.id

@description('Object id of the managed identity of the topic, which writes undelivered events to their container, and events to a queue.')
output principalId string = topic.identity.principalId
