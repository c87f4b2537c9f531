// Every option at once.
using '../../../infra/main.bicep'

param environmentName = 'landfall-dev'
param location = 'westeurope'
param operatorPrincipalId = '33333333-3333-3333-3333-333333333333'
param operatorPrincipalType = 'Group'
param separateDataAccount = true
param eventDelivery = 'queue'
param alwaysReadyInstances = 2
param routeSettings = {
  LANDFALL_INPUT: 'taken-over'
  CENSUS_JOBS_URL: 'https://example.com/jobs'
}
param secretSettings = ['CENSUS_TRAINING_KEY', 'LANDFALL_SWEEP_SCHEDULE']
param extraSettings = {
  AzureFunctionsJobHost__logging__logLevel__default: 'Warning'
}
param recoverVault = true
param vaultPurgeProtection = true
param entraClientId = '44444444-4444-4444-4444-444444444444'
param readRole = 'Models.Read'
param operateRole = 'Models.Operate'
param alertEmail = 'operator@example.com'
param budgetAmount = 100
param budgetStartDate = '2027-01-01'
param studioImage = 'example.azurecr.io/landfall-studio:0.1.0'
param studioRegistry = 'example.azurecr.io'
param studioSubnetId = '/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-network/providers/Microsoft.Network/virtualNetworks/vnet/subnets/studio'
param studioNfsServer = 'example.file.core.windows.net'
param studioNfsShare = '/example/studio'
param names = {
  resourceGroup: 'rg-ml'
  storageAccount: 'stexample'
  hostStorageAccount: 'stexamplehost'
  functionApp: 'example-landfall'
  plan: 'example-plan'
  identity: 'example-app'
  vault: 'example-keys'
  workspace: 'example-logs'
  component: 'example-insights'
  topic: 'example-events'
  network: 'example-network'
  studio: 'example-studio'
}
param userTags = {
  'cost-center': '4711'
  'azd-env-name': 'somebody-else'
}
param storageSku = 'Standard_RAGZRS'
param zoneRedundant = true
param deleteLock = true
param vnetEnabled = true
param allowedAddresses = '203.0.113.7'
param studioAllowedIps = '203.0.113.0/24, 198.51.100.7/32,'
