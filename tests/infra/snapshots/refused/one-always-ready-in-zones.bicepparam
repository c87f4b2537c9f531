using '../../../../infra/main.bicep'

param environmentName = 'landfall-dev'
param location = 'westeurope'
param zoneRedundant = true
param storageSku = 'Standard_ZRS'
param alwaysReadyInstances = 1
