using '../../../../infra/main.bicep'

param environmentName = 'landfall-dev'
param location = 'westeurope'
param vnetEnabled = true
param allowedAddresses = '203.0.113.7/32'
