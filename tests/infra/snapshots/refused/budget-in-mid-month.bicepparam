using '../../../../infra/main.bicep'

param environmentName = 'landfall-dev'
param location = 'westeurope'
param budgetAmount = 100
param budgetStartDate = '2027-01-15'
