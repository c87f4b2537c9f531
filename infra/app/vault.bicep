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

@description('Whether a deleted vault of this name is recovered, with its secrets. Azure refuses to recover where no deleted vault is.')
param recover bool

@description('Whether nobody can delete the vault for good before its retention time ends. Azure never turns it off again.')
param purgeProtection bool

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
    // checkov:skip=CKV_AZURE_110: a choice, vaultPurgeProtection, because Azure never turns it off again
    // checkov:skip=CKV_AZURE_42: a deleted vault can be recovered for seven days; the check asks for purge protection too
    // Azure accepts only true here. Without a value it leaves the vault as it is.
    enablePurgeProtection: purgeProtection ? true : null
    createMode: recover ? 'recover' : 'default'
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
