using '../../../../infra/main.bicep'

param environmentName = 'landfall-dev'
param location = 'westeurope'
param maximumInstanceCount = 1
param alwaysReadyInstances = 2
