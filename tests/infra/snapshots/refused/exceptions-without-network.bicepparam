using '../../../../infra/main.bicep'

param environmentName = 'landfall-dev'
param location = 'westeurope'
param allowedAddresses = '203.0.113.7'
param allowedSubnets = [
  '/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-training/providers/Microsoft.Network/virtualNetworks/vnet/subnets/training'
]
param dataAccountOpen = true
