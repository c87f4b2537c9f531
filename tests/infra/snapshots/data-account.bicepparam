// An account of its own for the data, an instance that is ready for the webhook, a budget without an address.
using '../../../infra/main.bicep'

param environmentName = 'landfall-dev'
param location = 'westeurope'
param separateDataAccount = true
param alwaysReadyInstances = 1
param budgetAmount = 50
param budgetStartDate = '2027-02-01'
