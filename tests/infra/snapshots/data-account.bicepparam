// An account of its own for the data, apart from the host's.
using '../../../infra/main.bicep'

param environmentName = 'landfall-dev'
param location = 'westeurope'
param separateDataAccount = true
