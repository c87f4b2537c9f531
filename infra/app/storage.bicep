// A storage account for the data (files, rows, queues, models) and the deployed package, for the host, or for both. It
// accepts no shared keys: every caller signs in.
import { publicAccess, resourceTags } from '../types.bicep'

@description('Name of the storage account.')
@minLength(3)
@maxLength(24)
param name string

@description('Azure region.')
param location string

@description('Tags of the resource.')
param tags resourceTags

@description('Redundancy of the account.')
param sku string

@description('Who reaches the account.')
param access publicAccess

@description('Name of the input container.')
param inputContainer string

@description('Name of the container for undelivered events.')
param deadLetterContainer string

@description('Whether the account is for the data and the deployed package. The host creates what it needs itself.')
param forData bool

@description('Whether blobs keep their earlier versions.')
param versioned bool

@description('For how many days deleted blobs and versions can be restored.')
@minValue(1)
@maxValue(365)
param restorableDays int

var deploymentContainer = 'deployments'
var dataContainers = [
  inputContainer
  'archive'
  'quarantine'
  'training'
  'models'
  deploymentContainer
  deadLetterContainer
]
var dataTables = ['runs', 'endpoints']
var dataQueues = [
  'evaluations'
  'evaluations-poison'
  'intake'
  'intake-poison'
  'csv-events'
  'csv-events-poison'
  'webjobs-blobtrigger-poison'
]
var containerNames = forData ? dataContainers : []
var tableNames = forData ? dataTables : []
var queueNames = forData ? dataQueues : []

var subnetRules = [
  for id in access.subnets: {
    id: id
    action: 'Allow'
  }
]

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' = {
  // checkov:skip=CKV_AZURE_35: without the private network a training service anywhere reads and writes by signed links
  // checkov:skip=CKV_AZURE_59: as above; shared keys and anonymous access are off, only roles and signed links open it
  // checkov:skip=CKV_AZURE_206: storageSku chooses the redundancy; the default is the cheapest (docs/deploy.md)
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: sku
  }
  properties: {
    accessTier: 'Hot'
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    // An open account is reachable from every network, and only roles give access. A training service outside of Azure
    // reads and writes blobs by links that the app signs with a user delegation key. A closed one still lets Event Grid
    // in, as a trusted service with the identity of the topic.
    publicNetworkAccess: access.closed && empty(access.addresses) && empty(access.subnets) ? 'Disabled' : 'Enabled'
    networkAcls: {
      defaultAction: access.closed ? 'Deny' : 'Allow'
      bypass: 'AzureServices'
      ipRules: map(access.addresses, address => { value: address, action: 'Allow' })
      virtualNetworkRules: subnetRules
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2026-04-01' = {
  parent: account
  name: 'default'
  properties: {
    isVersioningEnabled: versioned
    deleteRetentionPolicy: {
      enabled: true
      days: restorableDays
    }
    containerDeleteRetentionPolicy: {
      enabled: true
      days: 7
    }
  }
}

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-04-01' = [
  for container in containerNames: {
    parent: blobs
    name: container
    properties: {
      publicAccess: 'None'
    }
  }
]

resource tables 'Microsoft.Storage/storageAccounts/tableServices@2026-04-01' = {
  parent: account
  name: 'default'
}

resource tableList 'Microsoft.Storage/storageAccounts/tableServices/tables@2026-04-01' = [
  for table in tableNames: {
    parent: tables
    name: table
  }
]

resource queues 'Microsoft.Storage/storageAccounts/queueServices@2026-04-01' = {
  parent: account
  name: 'default'
}

resource queueList 'Microsoft.Storage/storageAccounts/queueServices/queues@2026-04-01' = [
  for queue in queueNames: {
    parent: queues
    name: queue
  }
]

@description('Resource id of the account.')
output id string = account.id

@description('Name of the account.')
output name string = account.name

@description('Blob endpoint of the account.')
output blobEndpoint string = account.properties.primaryEndpoints.blob

@description('Queue endpoint of the account.')
output queueEndpoint string = account.properties.primaryEndpoints.queue

@description('Table endpoint of the account.')
output tableEndpoint string = account.properties.primaryEndpoints.table

@description('Name of the container for the deployed package.')
output deploymentContainer string = deploymentContainer
