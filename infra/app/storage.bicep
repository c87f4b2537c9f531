// A storage account: for files, records, queues and models, for the host and the deployed package, or for both. No keys:
// everybody comes with an identity.
@description('Name of the storage account.')
@minLength(3)
@maxLength(24)
param name string

@description('Azure region.')
param location string

@description('Tags of the resource.')
param tags object

@description('The container that CSVs land in.')
param inputContainer string

@description('Whether the host uses it, and the deployed package stands in it.')
param forHost bool

@description('Whether it has the data.')
param forData bool

var deploymentContainer = 'deployments'
var deadLetterContainer = 'dead-letters'
var dataContainers = [inputContainer, 'quarantine', 'training', 'models', deadLetterContainer]
var dataTables = ['runs', 'endpoints']
var dataQueues = ['evaluations', 'evaluations-poison', 'webjobs-blobtrigger-poison']
var hostContainers = [deploymentContainer]
var containerNames = union(forHost ? hostContainers : [], forData ? dataContainers : [])
var tableNames = forData ? dataTables : []
var queueNames = forData ? dataQueues : []

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: 'Standard_LRS'
  }
  properties: {
    accessTier: 'Hot'
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    // Reachable from everywhere, opened by roles only: a training service outside of Azure reads and writes here by
    // links that the app signs as its identity.
    publicNetworkAccess: 'Enabled'
    networkAcls: {
      defaultAction: 'Allow'
      bypass: 'AzureServices'
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    deleteRetentionPolicy: {
      enabled: true
      days: 7
    }
    containerDeleteRetentionPolicy: {
      enabled: true
      days: 7
    }
  }
}

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = [for container in containerNames: {
  parent: blobs
  name: container
  properties: {
    publicAccess: 'None'
  }
}]

resource tables 'Microsoft.Storage/storageAccounts/tableServices@2025-06-01' = {
  parent: account
  name: 'default'
}

resource tableList 'Microsoft.Storage/storageAccounts/tableServices/tables@2025-06-01' = [for table in tableNames: {
  parent: tables
  name: table
}]

resource queues 'Microsoft.Storage/storageAccounts/queueServices@2025-06-01' = {
  parent: account
  name: 'default'
}

resource queueList 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-06-01' = [for queue in queueNames: {
  parent: queues
  name: queue
}]

@description('Name of the account.')
output name string = account.name

@description('URL of its blobs.')
output blobEndpoint string = account.properties.primaryEndpoints.blob

@description('URL of its queues.')
output queueEndpoint string = account.properties.primaryEndpoints.queue

@description('URL of its tables.')
output tableEndpoint string = account.properties.primaryEndpoints.table

@description('The container that the deployed package stands in.')
output deploymentContainer string = deploymentContainer

@description('The container for events that could not be delivered.')
output deadLetterContainer string = deadLetterContainer
