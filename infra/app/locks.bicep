// Locks against the deletion of what cannot be made again: the data and the keys. Only with deleteLock. The resource
// group has none, since a lock there also blocks the removal of roles and of old deployments.
@description('Name of the storage account for data.')
param storageAccountName string

@description('Name of the Key Vault.')
param vaultName string

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: storageAccountName
}

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' existing = {
  name: vaultName
}

resource accountLock 'Microsoft.Authorization/locks@2020-05-01' = {
  name: 'landfall'
  scope: account
  properties: {
    level: 'CanNotDelete'
    notes: 'Files, rows and models of Landfall. Remove this lock before "azd down".'
  }
}

resource vaultLock 'Microsoft.Authorization/locks@2020-05-01' = {
  name: 'landfall'
  scope: vault
  properties: {
    level: 'CanNotDelete'
    notes: 'Keys of the services that Landfall uses. Remove this lock before "azd down".'
  }
}
