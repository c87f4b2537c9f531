// The Key Vault for the API keys of the training and scoring services. The operator sets the secrets; no template
// contains one.
import { publicAccess, resourceTags } from '../types.bicep'

@description('Name of the Key Vault.')
@minLength(3)
@maxLength(24)
param name string

@description('Azure region.')
param location string

@description('Tags of the resource.')
param tags resourceTags

@description('Who reaches the vault. It takes no subnets.')
param access publicAccess

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' = {
  // checkov:skip=CKV_AZURE_109: without the private network the app and the operator come from any address; roles decide
  // checkov:skip=CKV_AZURE_189: as above
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 7
    enablePurgeProtection: true
    publicNetworkAccess: access.closed && empty(access.addresses) ? 'Disabled' : 'Enabled'
    networkAcls: {
      defaultAction: access.closed ? 'Deny' : 'Allow'
      bypass: 'AzureServices'
      ipRules: map(access.addresses, address => { value: address })
      virtualNetworkRules: []
    }
  }
}

@description('Resource id of the vault.')
output id string = vault.id

@description('Name of the vault.')
output name string = vault.name

@description('URL of the vault, with a trailing slash.')
output uri string = vault.properties.vaultUri
