// All role assignments, each at the narrowest scope at which the app works.
@description('Name of the storage account for data.')
param storageAccountName string

@description('Name of the storage account of the host. It is the data account unless the host has its own.')
param hostAccountName string

@description('Name of the Key Vault.')
param vaultName string

@description('Name of the Application Insights component.')
param componentName string

@description('Name of the input container.')
param inputContainer string

@description('Name of the container for undelivered events.')
param deadLetterContainer string

@description('Object id of the managed identity of the app.')
param appPrincipalId string

@description('Object id of the managed identity of the system topic.')
param topicPrincipalId string

@description('Name of the queue that the system topic sends events to. Empty: it sends them elsewhere.')
param eventQueue string

@description('Object id of the operator. Empty: no operator roles are assigned.')
param operatorPrincipalId string

@description('Principal type of the operator in Microsoft Entra.')
param operatorPrincipalType string

var roleIds = {
  blobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  blobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  queueMessageSender: 'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a'
  queueDataContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  tableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
  tableDataReader: '76199698-9eea-4c19-bc75-cec21354c6b6'
  vaultSecretsUser: '4633458b-17de-408a-b874-0445c86b69e6'
  vaultSecretsOfficer: 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7'
  metricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb'
}

// hooks/postprovision.py deletes assignments with this description whose principal is no longer the operator.
var operatorDescription = 'Landfall operator'

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: storageAccountName
}

resource hostAccount 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: hostAccountName
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2026-04-01' existing = {
  parent: account
  name: 'default'
}

resource incoming 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-04-01' existing = {
  parent: blobs
  name: inputContainer
}

resource models 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-04-01' existing = {
  parent: blobs
  name: 'models'
}

resource deadLetters 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-04-01' existing = {
  parent: blobs
  name: deadLetterContainer
}

resource queues 'Microsoft.Storage/storageAccounts/queueServices@2026-04-01' existing = {
  parent: account
  name: 'default'
}

resource csvEvents 'Microsoft.Storage/storageAccounts/queueServices/queues@2026-04-01' existing = {
  parent: queues
  name: empty(eventQueue) ? 'none' : eventQueue
}

resource tables 'Microsoft.Storage/storageAccounts/tableServices@2026-04-01' existing = {
  parent: account
  name: 'default'
}

resource runs 'Microsoft.Storage/storageAccounts/tableServices/tables@2026-04-01' existing = {
  parent: tables
  name: 'runs'
}

resource endpoints 'Microsoft.Storage/storageAccounts/tableServices/tables@2026-04-01' existing = {
  parent: tables
  name: 'endpoints'
}

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' existing = {
  name: vaultName
}

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

// The scope is the account for two reasons: the host creates containers for its locks, keys and receipts, and the app
// signs links with a user delegation key, which is an action of the account. The blob trigger requires this role on its
// blobs.
resource appBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, appPrincipalId, roleIds.blobDataOwner)
  scope: account
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds.blobDataOwner)
  }
}

// The scope is the account because the host chooses the name of the blob trigger's queue.
resource appQueues 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(account.id, appPrincipalId, roleIds.queueDataContributor)
  scope: account
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds.queueDataContributor)
  }
}

// In an account of its own the host creates containers and a queue, and chooses their names. It needs no table.
resource hostBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (hostAccountName != storageAccountName) {
  name: guid(hostAccount.id, appPrincipalId, roleIds.blobDataOwner)
  scope: hostAccount
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds.blobDataOwner)
  }
}

resource hostQueues 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (hostAccountName != storageAccountName) {
  name: guid(hostAccount.id, appPrincipalId, roleIds.queueDataContributor)
  scope: hostAccount
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds.queueDataContributor)
  }
}

// The role is on the app's two tables only. The host cannot write its own table of diagnostic events, which nothing
// reads.
resource appRuns 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(runs.id, appPrincipalId, roleIds.tableDataContributor)
  scope: runs
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds.tableDataContributor)
  }
}

resource appEndpoints 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(endpoints.id, appPrincipalId, roleIds.tableDataContributor)
  scope: endpoints
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds.tableDataContributor)
  }
}

resource appSecrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, appPrincipalId, roleIds.vaultSecretsUser)
  scope: vault
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds.vaultSecretsUser)
  }
}

resource appLogs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(component.id, appPrincipalId, roleIds.metricsPublisher)
  scope: component
  properties: {
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds.metricsPublisher)
  }
}

resource topicDeadLetters 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(deadLetters.id, topicPrincipalId, roleIds.blobDataContributor)
  scope: deadLetters
  properties: {
    principalId: topicPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds.blobDataContributor)
  }
}

resource topicEvents 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(eventQueue)) {
  name: guid(csvEvents.id, topicPrincipalId, roleIds.queueMessageSender)
  scope: csvEvents
  properties: {
    principalId: topicPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds.queueMessageSender)
  }
}

resource operatorIncoming 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorPrincipalId)) {
  name: guid(incoming.id, operatorPrincipalId, roleIds.blobDataContributor)
  scope: incoming
  properties: {
    principalId: operatorPrincipalId
    description: operatorDescription
    principalType: operatorPrincipalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds.blobDataContributor)
  }
}

resource operatorModels 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorPrincipalId)) {
  name: guid(models.id, operatorPrincipalId, roleIds.blobDataContributor)
  scope: models
  properties: {
    principalId: operatorPrincipalId
    description: operatorDescription
    principalType: operatorPrincipalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds.blobDataContributor)
  }
}

resource operatorRuns 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorPrincipalId)) {
  name: guid(runs.id, operatorPrincipalId, roleIds.tableDataReader)
  scope: runs
  properties: {
    principalId: operatorPrincipalId
    description: operatorDescription
    principalType: operatorPrincipalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds.tableDataReader)
  }
}

resource operatorEndpoints 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorPrincipalId)) {
  name: guid(endpoints.id, operatorPrincipalId, roleIds.tableDataReader)
  scope: endpoints
  properties: {
    principalId: operatorPrincipalId
    description: operatorDescription
    principalType: operatorPrincipalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds.tableDataReader)
  }
}

resource operatorSecrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorPrincipalId)) {
  name: guid(vault.id, operatorPrincipalId, roleIds.vaultSecretsOfficer)
  scope: vault
  properties: {
    principalId: operatorPrincipalId
    description: operatorDescription
    principalType: operatorPrincipalType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleIds.vaultSecretsOfficer)
  }
}
