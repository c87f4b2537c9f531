// The managed identity of the function app. It outlives the app, so its role assignments stay when the app is
// recreated.
import { resourceTags } from '../types.bicep'

@description('Name of the user-assigned managed identity.')
param name string

@description('Azure region.')
param location string

@description('Tags of the resource.')
param tags resourceTags

resource appIdentity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

@description('Resource id, for the assignment to the function app.')
output id string = appIdentity.id

@description('Client id, with which code requests a token.')
output clientId string = appIdentity.properties.clientId

@description('Object id, for role assignments.')
output principalId string = appIdentity.properties.principalId
