// Who read a secret, who changed a blob of the data account, which events were not delivered: to the workspace.
@description('Resource id of the Log Analytics workspace.')
param workspaceId string

@description('Name of the storage account for data.')
param storageAccountName string

@description('Name of the Key Vault.')
param vaultName string

@description('Name of the Event Grid system topic.')
param topicName string

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: storageAccountName

  resource blobs 'blobServices' existing = {
    name: 'default'
  }
}

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' existing = {
  name: vaultName
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

#disable-next-line use-recent-api-versions // the last version without -preview has no logAnalyticsDestinationType
resource secretReads 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: vault
  properties: {
    workspaceId: workspaceId
    logAnalyticsDestinationType: 'Dedicated' // the table AZKVAuditLogs
    logs: [
      {
        category: 'AuditEvent'
        enabled: true
      }
    ]
  }
}

// Reads are not logged: they are many, and each costs.
#disable-next-line use-recent-api-versions // the last version without -preview has no logAnalyticsDestinationType
resource blobWrites 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: account::blobs
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'StorageWrite'
        enabled: true
      }
      {
        category: 'StorageDelete'
        enabled: true
      }
    ]
  }
}

#disable-next-line use-recent-api-versions // the last version without -preview has no logAnalyticsDestinationType
resource failedDeliveries 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: topic
  properties: {
    workspaceId: workspaceId
    logAnalyticsDestinationType: 'Dedicated' // the table AegDeliveryFailureLogs
    logs: [
      {
        category: 'DeliveryFailures'
        enabled: true
      }
    ]
  }
}
