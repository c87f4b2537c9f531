// An account of its own for the data, apart from the host's, and an instance that is ready for the webhook.
using '../../../infra/main.bicep'

param environmentName = 'landfall-dev'
param location = 'westeurope'
param separateDataAccount = true
param alwaysReadyInstances = 1
