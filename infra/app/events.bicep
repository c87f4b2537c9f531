// The topic of the storage account's events. What it is asked for, and where it delivers, comes after the code.
@description('Name of the system topic.')
param topicName string

@description('Name of the storage account whose events it carries.')
param storageAccountName string

@description('Azure region; the same as the account\'s.')
param location string

@description('Tags of the resource.')
param tags object

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
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

@description('Resource id of the topic: what the alert on undelivered events watches.')
output topicId string = topic.id

@description('Object id of its own identity, which writes undelivered events into their container.')
output principalId string = topic.identity.principalId
