// What the hook deploys after the code.
using '../../../infra/app/eventgrid-subscription.bicep'

param functionAppName = 'func-landfall-dev'
param topicName = 'evgt-dev'
param storageAccountName = 'stdev'
param inputContainer = 'incoming'
param deadLetterContainer = 'dead-letters'
