// Only what has no default.
using '../../../infra/main.bicep'

param environmentName = 'landfall-dev'
param location = 'westeurope'
