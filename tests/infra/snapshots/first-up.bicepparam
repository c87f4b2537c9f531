// Written by `make snapshots`: what azd passes at the first `azd up`.
using '../../../infra/main.bicep'

param environmentName = 'landfall-dev'
param location = 'westeurope'
param operatorPrincipalType = 'User'
param zoneRedundant = false
param storageSku = 'Standard_LRS'
param vnetEnabled = false
param inputContainer = 'incoming'
param eventDelivery = 'webhook'
param alwaysReadyInstances = 0
param recoverVault = false
param vaultPurgeProtection = false
param extraSettings = {}
param routeSettings = {
  CENSUS_JOBS_URL: ''
  CENSUS_PATCH_URL: ''
  CENSUS_EXECUTE_URL: ''
  CENSUS_STAGING_PATCH_URL: ''
  CENSUS_STAGING_EXECUTE_URL: ''
}
param secretSettings = [
  'CENSUS_TRAINING_KEY'
  'CENSUS_ENDPOINT_KEY'
  'CENSUS_STAGING_KEY'
]
