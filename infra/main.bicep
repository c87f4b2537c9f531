// Everything that Landfall needs in Azure: one resource group, and in it what the modules of app/ describe.
// The Event Grid subscription follows after the code is deployed: app/eventgrid-subscription.bicep.
targetScope = 'subscription'

@description('Name of the environment; it begins the names of the resource group and of its resources.')
@minLength(1)
@maxLength(40)
param environmentName string

@description('Azure region of everything; it must offer Flex Consumption with Python 3.13.')
@minLength(1)
param location string

@description('Object id of who operates the app: may set the secrets, drop files and put models. Empty: nobody is given a role.')
param operatorPrincipalId string = ''

@description('What the operator is to Microsoft Entra.')
@allowed(['User', 'Group', 'ServicePrincipal'])
param operatorPrincipalType string = 'User'

@description('The container that CSVs land in; the same as `input` in routes.toml.')
@minLength(3)
@maxLength(63)
param inputContainer string = 'incoming'

@description('Whether the host has a storage account of its own, apart from that of files, rows, queues and models. That one stays where it is either way.')
param separateDataAccount bool = false

@description('Path of routes.toml in the deployed package.')
param routesFile string = 'routes.toml'

@description('Plain settings that routes.toml names: URLs. Name and value; a value that is empty is reported by the app.')
param routeSettings object = {}

@description('Names of the secret settings that routes.toml names: API keys. Each comes from the Key Vault secret of its name in small letters, with - for _.')
param secretSettings array = []

@description('When pending jobs are polled, NCRONTAB with seconds, UTC.')
param pollSchedule string = '0 * * * * *'

@description('When the input container is compared with the rows, NCRONTAB with seconds, UTC.')
param sweepSchedule string = '0 */15 * * * *'

@description('Memory of an instance of the function app, MB.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Most instances that the function app may have at a time.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Client id of the app registration that callers of the HTTP functions sign in to. Empty: whoever has the function key is let in.')
param entraClientId string = ''

@description('Where alerts are sent, an e-mail address. Empty: alerts fire, and stand in the portal only.')
param alertEmail string = ''

@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Most that logs may take in a day, GB; alerts see nothing of what comes after it.')
@minValue(1)
param logDailyCapGB int = 1

@description('Budget of the resource group for a month, in the currency of the subscription. 0: no budget.')
@minValue(0)
param budgetAmount int = 0

@description('First day of the month from which the budget counts, such as 2027-01-01. Required with a budget; never change it afterwards.')
param budgetStartDate string = ''

@description('Image of the studio, such as myregistry.azurecr.io/landfall-studio:0.1.0. Empty: no studio is deployed.')
param studioImage string = ''

@description('Login server of the registry that the image of the studio is pulled from by its identity, which needs AcrPull there. Empty: the image is public.')
param studioRegistry string = ''

@description('Subnet for the studio, delegated to Microsoft.App/environments; needed for its NFS share. Empty: no network of your own.')
param studioSubnetId string = ''

@description('Host of an NFS share for what the studio keeps, such as account.file.core.windows.net. Empty: it is lost with every revision.')
param studioNfsServer string = ''

@description('Path of the NFS share, such as /account/share.')
param studioNfsShare string = ''

var resourceToken = toLower(uniqueString(subscription().id, environmentName, location))
var dataAccountName = 'st${resourceToken}'
var hostAccountName = separateDataAccount ? 'sthost${resourceToken}' : dataAccountName
var tags = {
  'azd-env-name': environmentName
}

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identity 'app/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: 'id-landfall-${resourceToken}'
    location: location
    tags: tags
  }
}

module storage 'app/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    name: dataAccountName
    location: location
    tags: tags
    inputContainer: inputContainer
    forHost: !separateDataAccount
    forData: true
  }
}

module hostStorage 'app/storage.bicep' = if (separateDataAccount) {
  name: 'host-storage'
  scope: group
  params: {
    name: hostAccountName
    location: location
    tags: tags
    inputContainer: inputContainer
    forHost: true
    forData: false
  }
}

module monitoring 'app/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    workspaceName: 'log-${resourceToken}'
    componentName: 'appi-${resourceToken}'
    location: location
    tags: tags
    retentionDays: logRetentionDays
    dailyCapGB: logDailyCapGB
  }
}

module vault 'app/vault.bicep' = {
  name: 'vault'
  scope: group
  params: {
    name: 'kv-${resourceToken}'
    location: location
    tags: tags
  }
}

module events 'app/events.bicep' = {
  name: 'events'
  scope: group
  params: {
    topicName: 'evgt-${resourceToken}'
    storageAccountName: storage.outputs.name
    location: location
    tags: tags
  }
}

module roles 'app/roles.bicep' = {
  name: 'roles'
  scope: group
  params: {
    storageAccountName: storage.outputs.name
    hostAccountName: hostAccountName
    vaultName: vault.outputs.name
    componentName: monitoring.outputs.componentName
    inputContainer: inputContainer
    deadLetterContainer: storage.outputs.deadLetterContainer
    appPrincipalId: identity.outputs.principalId
    topicPrincipalId: events.outputs.principalId
    operatorPrincipalId: operatorPrincipalId
    operatorPrincipalType: operatorPrincipalType
  }
  dependsOn: [hostStorage]
}

module functionApp 'app/function.bicep' = {
  name: 'function'
  scope: group
  params: {
    planName: 'plan-${resourceToken}'
    siteName: 'func-landfall-${resourceToken}'
    location: location
    tags: tags
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    hostAccountName: hostAccountName
    separateDataAccount: separateDataAccount
    blobEndpoint: storage.outputs.blobEndpoint
    queueEndpoint: storage.outputs.queueEndpoint
    tableEndpoint: storage.outputs.tableEndpoint
    deploymentContainer: storage.outputs.deploymentContainer
    applicationInsightsConnectionString: monitoring.outputs.connectionString
    vaultUri: vault.outputs.uri
    inputContainer: inputContainer
    routesFile: routesFile
    routeSettings: routeSettings
    secretSettings: secretSettings
    pollSchedule: pollSchedule
    sweepSchedule: sweepSchedule
    entraClientId: entraClientId
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
  }
  dependsOn: [roles]
}

module alerts 'app/alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    topicId: events.outputs.topicId
    email: alertEmail
  }
}

module budget 'app/budget.bicep' = if (budgetAmount > 0) {
  name: 'budget'
  scope: group
  params: {
    amount: budgetAmount
    startDate: budgetStartDate
    email: alertEmail
  }
}

module studio 'app/studio.bicep' = if (!empty(studioImage)) {
  name: 'studio'
  scope: group
  params: {
    name: 'ca-studio-${resourceToken}'
    environmentName: 'cae-${resourceToken}'
    identityName: 'id-studio-${resourceToken}'
    location: location
    tags: tags
    image: studioImage
    registry: studioRegistry
    subnetId: studioSubnetId
    nfsServer: studioNfsServer
    nfsShare: studioNfsShare
    workspaceId: monitoring.outputs.workspaceId
    blobEndpoint: storage.outputs.blobEndpoint
  }
}

@description('Name of the resource group; the hook deploys the Event Grid subscription into it.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Name of the function app.')
output AZURE_FUNCTION_APP_NAME string = functionApp.outputs.name

@description('Base URL of the function app.')
output AZURE_FUNCTION_APP_URL string = functionApp.outputs.url

@description('Name of the storage account that has the data.')
output AZURE_STORAGE_ACCOUNT_NAME string = storage.outputs.name

@description('Name of the container that CSVs are dropped into.')
output LANDFALL_INPUT string = inputContainer

@description('Name of the Key Vault that the secret settings come from.')
output AZURE_KEY_VAULT_NAME string = vault.outputs.name

@description('Name of the Event Grid system topic of that account.')
output AZURE_EVENTGRID_TOPIC_NAME string = events.outputs.topicName

@description('Name of the container that Event Grid puts undelivered events into.')
output AZURE_DEAD_LETTER_CONTAINER string = storage.outputs.deadLetterContainer
