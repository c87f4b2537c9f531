// The identity of the function app: it outlives the app, so that roles need not be given again.
@description('Name of the user-assigned identity.')
param name string

@description('Azure region.')
param location string

@description('Tags of the resource.')
param tags object

resource appIdentity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

@description('Resource id: what the function app is assigned.')
output id string = appIdentity.id

@description('Client id: what code asks for a token with.')
output clientId string = appIdentity.properties.clientId

@description('Object id: what roles are given to.')
output principalId string = appIdentity.properties.principalId
