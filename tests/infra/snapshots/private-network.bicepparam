// The private network with no exception, and everything redundant.
using '../../../infra/main.bicep'

param environmentName = 'landfall-dev'
param location = 'westeurope'
param storageSku = 'Standard_GZRS'
param zoneRedundant = true
param separateDataAccount = true
param vnetEnabled = true
param secretSettings = ['CENSUS_TRAINING_KEY']
param studioImage = 'ghcr.io/example/landfall-studio:0.1.0'
