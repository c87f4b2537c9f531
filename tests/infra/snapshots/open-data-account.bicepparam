// The private network, with the data account open to a training service of unknown addresses.
using '../../../infra/main.bicep'

param environmentName = 'landfall-dev'
param location = 'westeurope'
param separateDataAccount = true
param vnetEnabled = true
param dataAccountOpen = true
param allowedAddresses = '203.0.113.7'
param retention = {
  training: 0
  quarantine: 0
  deadLetters: 0
  versions: 0
}
param blobVersioning = false
param auditLogs = false
