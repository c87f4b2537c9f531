// The private network with everybody who may get in all the same, and a studio with a share in it.
using '../../../infra/main.bicep'

param environmentName = 'landfall-dev'
param location = 'westeurope'
param vnetEnabled = true
param vnetAddressPrefix = '10.7.0.0/22'
param allowedAddresses = '203.0.113.7, 198.51.100.0/24,'
param allowedSubnets = [
  '/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/rg-training/providers/Microsoft.Network/virtualNetworks/vnet/subnets/training'
]
param studioImage = 'ghcr.io/example/landfall-studio:0.1.0'
param studioInitImage = 'example.azurecr.io/python:3.13-slim'
param studioNfsServer = 'example.file.core.windows.net'
param studioNfsShare = '/example/studio'
