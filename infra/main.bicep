// Deploys one resource group with all Azure resources of Landfall, except the Event Grid subscription to a webhook. That
// one needs the deployed code: hooks/postdeploy.py deploys it from app/eventgrid-subscription.bicep.
import { resourceNames, resourceTags, retentionDays, settingValues } from 'types.bicep'

targetScope = 'subscription'

@description('Name of the azd environment. The resource group is called rg-NAME; a hash of the name is part of the other resource names.')
@minLength(1)
@maxLength(40)
param environmentName string

@description('Azure region of all resources. Flex Consumption is offered in these; add a region that is newer than this list.')
@allowed([
  'australiaeast'
  'australiasoutheast'
  'brazilsouth'
  'canadacentral'
  'centralindia'
  'centralus'
  'eastasia'
  'eastus'
  'eastus2'
  'francecentral'
  'germanywestcentral'
  'italynorth'
  'japaneast'
  'koreacentral'
  'northcentralus'
  'northeurope'
  'norwayeast'
  'southafricanorth'
  'southcentralus'
  'southeastasia'
  'southindia'
  'spaincentral'
  'swedencentral'
  'uaenorth'
  'uksouth'
  'ukwest'
  'westcentralus'
  'westeurope'
  'westus'
  'westus2'
  'westus3'
])
@metadata({
  azd: {
    type: 'location'
  }
})
param location string

@description('Names that replace the derived ones. A resource that is there already keeps its name: a new name makes a new resource.')
param names resourceNames = {}

@description('Tags of all resources, besides azd-env-name.')
param userTags resourceTags = {}

@description('Whether instances of the function app are spread over the zones of the region. The storage must be, too. At least two instances of each group of functions are then always ready, and paid.')
param zoneRedundant bool = false

@description('Redundancy of the storage accounts.')
@allowed([
  'Standard_LRS'
  'Standard_ZRS'
  'Standard_GRS'
  'Standard_GZRS'
  'Standard_RAGRS'
  'Standard_RAGZRS'
])
param storageSku string = 'Standard_LRS'

@description('Object id of the operator, who may set secrets, upload files and upload models. Empty: nobody. hooks/postprovision.py removes the roles of an earlier operator.')
param operatorPrincipalId string = ''

@description('Principal type of the operator in Microsoft Entra.')
@allowed(['User', 'Group', 'ServicePrincipal'])
param operatorPrincipalType string = 'User'

@description('Name of the input container. It must equal `input` in routes.toml.')
@minLength(3)
@maxLength(63)
param inputContainer string = 'incoming'

@description('How Event Grid delivers events about new files. webhook: it calls the blob trigger with a key, and the hook deploys the subscription after the code. queue: it writes to a queue with its own identity, and nothing has to be called.')
@allowed(['webhook', 'queue'])
param eventDelivery string = 'webhook'

@description('Whether the host gets a storage account of its own. The data (files, rows, queues, models) and the deployed package stay in their account either way.')
param separateDataAccount bool = false

@description('Whether blobs of the data account keep their earlier versions.')
param blobVersioning bool = true

@description('After how many days the data account deletes what the app no longer needs.')
param retention retentionDays = {
  training: 90
  quarantine: 90
  deadLetters: 30
  versions: 30
}

@description('Whether reads of secrets, writes of blobs and failed deliveries of events are logged to the workspace.')
param auditLogs bool = true

@description('Whether a lock protects the data account and the vault from deletion. It must be removed before azd down.')
param deleteLock bool = false

@description('Whether the app is part of a virtual network, and storage and vault are closed to the public network. They have private endpoints then.')
param vnetEnabled bool = false

@description('Address space of the virtual network, a /24 or larger. It must not change afterwards.')
param vnetAddressPrefix string = '10.110.0.0/24'

@description('Public IPv4 addresses and ranges that reach the data account and the vault all the same, separated by commas: operators, an external training service. A range is at most a /30.')
param allowedAddresses string = ''

@description('Resource ids of subnets that reach the data account all the same. Each needs the service endpoint Microsoft.Storage.')
param allowedSubnets string[] = []

@description('Whether the data account stays open to the public network with vnetEnabled. Roles and links still guard it.')
param dataAccountOpen bool = false

@description('Path of routes.toml in the deployed package.')
param routesFile string = 'routes.toml'

@description('Plain settings that routes.toml names, by name: URLs. The app reports an empty value.')
param routeSettings settingValues = {}

@description('Names of the secret settings that routes.toml names: API keys. The value is the Key Vault secret of that name in lower-case letters, with - for _.')
param secretSettings string[] = []

@description('Further app settings, by name, such as AzureFunctionsJobHost__logging__logLevel__default. A setting that is neither here nor in another parameter is removed by the next provision.')
param extraSettings settingValues = {}

@description('Whether a deleted Key Vault of this name is recovered, with its secrets. hooks/preprovision.py finds out. It must be false where no deleted vault is.')
param recoverVault bool = false

@description('Whether the deleted Key Vault can be purged only after its retention time. Azure never turns it off again.')
param vaultPurgeProtection bool = false

@description('Schedule of poll_pending_jobs: NCRONTAB with seconds, UTC.')
param pollSchedule string = '0 * * * * *'

@description('Schedule of the sweep: NCRONTAB with seconds, UTC.')
param sweepSchedule string = '0 */15 * * * *'

@description('Memory of each instance of the function app, in MB.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Maximum number of concurrent instances of the function app.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Number of instances that are always ready for the function that lands files. They are billed all the time. 0: it may start cold.')
@minValue(0)
@maxValue(1000)
param alwaysReadyInstances int = 0

@description('Client id of the app registration that callers of the HTTP functions sign in to. Empty: the function key authorizes callers.')
param entraClientId string = ''

@description('With entraClientId: app role that may read.')
@minLength(1)
param readRole string = 'Landfall.Read'

@description('With entraClientId: app role that may read and operate.')
@minLength(1)
param operateRole string = 'Landfall.Operate'

@description('E-mail address for alerts. Empty: alerts appear in the portal only.')
param alertEmail string = ''

@description('Retention of logs, in days.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Daily cap on ingested logs, in GB. Later lines of the day are dropped, so alerts do not see them.')
@minValue(1)
param logDailyCapGB int = 1

@description('Monthly budget of the resource group, in the currency of the subscription. 0: no budget.')
@minValue(0)
param budgetAmount int = 0

@description('First day of the month in which the budget begins, such as 2027-01-01. Required with a budget. It must never change afterwards.')
param budgetStartDate string = ''

@description('Image of the studio, such as myregistry.azurecr.io/landfall-studio:0.1.0. Empty: no studio is deployed.')
param studioImage string = ''

@description('Login server of the private registry with the image of the studio. The identity of the studio needs AcrPull there. Empty: the image is public.')
param studioRegistry string = ''

@description('Resource id of a subnet for the studio, delegated to Microsoft.App/environments. The NFS share requires it. Empty: no virtual network.')
param studioSubnetId string = ''

@description('Host of the NFS share for the data folder of the studio, such as account.file.core.windows.net. Empty: every new revision starts without data.')
param studioNfsServer string = ''

@description('Path of the NFS share, such as /account/share.')
param studioNfsShare string = ''

@description('Image of the container that makes the NFS share writable for the studio. It needs a root user and a shell. Empty: the base of studio/Dockerfile, by digest.')
param studioInitImage string = ''

@description('Address ranges that may call the studio, in CIDR notation, separated by commas. Empty: everybody; callers still need a key.')
param studioAllowedIps string = ''

// Settings that have a parameter of their own, or that the platform sets or refuses, begin with these words.
var reservedSettings = [
  'APPLICATIONINSIGHTS_'
  'AZURE_CLIENT_ID'
  'AzureWebJobsFeatureFlags'
  'AzureWebJobsStorage'
  'FUNCTIONS_'
  'LANDFALL_'
  'WEBSITE_'
]
var takenSettings = filter(
  objectKeys(extraSettings),
  name =>
    contains(objectKeys(routeSettings), name) || contains(secretSettings, name) || !empty(filter(
      reservedSettings,
      word => startsWith(toLower(name), toLower(word))
    ))
)
var takenNames = join(takenSettings, ', ')
// Combinations of parameters that Azure would refuse late, or accept and then not work with. Each text says what to do.
var problems = filter(
  [
    budgetAmount > 0 && !endsWith(budgetStartDate, '-01')
      ? 'budgetAmount needs budgetStartDate: give it the first day of a month, such as 2027-01-01.'
      : ''
    alwaysReadyInstances > maximumInstanceCount
      ? 'alwaysReadyInstances is more than maximumInstanceCount: reduce the one or raise the other.'
      : ''
    !empty(takenSettings)
      ? 'extraSettings must not name ${takenNames}: another parameter or the platform sets it (docs/settings.md).'
      : ''
    !empty(studioNfsServer) && empty(studioNfsShare)
      ? 'studioNfsServer needs studioNfsShare: give it the path of the share, such as /account/share.'
      : ''
    empty(studioNfsServer) && !empty(studioNfsShare)
      ? 'studioNfsShare needs studioNfsServer: give it the host of the file service that has the share.'
      : ''
    !empty(studioNfsServer) && empty(studioSubnetId) && !vnetEnabled
      ? 'studioNfsServer needs vnetEnabled or studioSubnetId: an NFS share is reachable from a virtual network only.'
      : ''
    zoneRedundant && !contains(storageSku, 'ZRS')
      ? 'zoneRedundant needs a storage account that is in all zones, too: set storageSku (LANDFALL_STORAGE_SKU) to Standard_ZRS, Standard_GZRS or Standard_RAGZRS.'
      : ''
    zoneRedundant && alwaysReadyInstances == 1
      ? 'alwaysReadyInstances is 1 with zoneRedundant, which takes none or at least two: set LANDFALL_ALWAYS_READY_INSTANCES to 0 or 2.'
      : ''
    contains(allowedAddresses, '/31') || contains(allowedAddresses, '/32')
      ? 'allowedAddresses (LANDFALL_ALLOWED_ADDRESSES) has a range that storage refuses: write single addresses without a slash, and ranges of /30 or larger.'
      : ''
    !empty(allowedAddresses) && !vnetEnabled
      ? 'allowedAddresses (LANDFALL_ALLOWED_ADDRESSES) needs vnetEnabled: without it storage and vault are open to all addresses. Set LANDFALL_VNET_ENABLED to true.'
      : ''
    !empty(allowedSubnets) && !vnetEnabled
      ? 'allowedSubnets needs vnetEnabled: without it storage is open to all networks. Set LANDFALL_VNET_ENABLED to true.'
      : ''
    dataAccountOpen && !vnetEnabled
      ? 'dataAccountOpen needs vnetEnabled: without it storage is open anyway. Set LANDFALL_VNET_ENABLED to true.'
      : ''
  ],
  problem => !empty(problem)
)
var resourceToken = toLower(uniqueString(subscription().id, environmentName, location))
var dataAccountName = names.?storageAccount ?? 'st${resourceToken}'
var hostAccountName = separateDataAccount ? (names.?hostStorageAccount ?? 'sthost${resourceToken}') : dataAccountName
var vaultName = names.?vault ?? 'kv-${resourceToken}'
var componentName = names.?component ?? 'appi-${resourceToken}'
var topicName = names.?topic ?? 'evgt-${resourceToken}'
var deadLetterContainer = 'dead-letters'
var eventQueue = 'csv-events'
// With the private network nothing outside needs a key of the app.
var delivery = vnetEnabled ? 'queue' : eventDelivery
// Every resource has the tag, so nothing is deployed if there is a problem.
var tags = union(userTags, {
  'azd-env-name': empty(problems) ? environmentName : fail(join(problems, ' '))
})
// A comma too many names no address.
var addresses = filter(map(split(allowedAddresses, ','), address => trim(address)), address => !empty(address))
var studioAddresses = filter(map(split(studioAllowedIps, ','), address => trim(address)), address => !empty(address))
var dataAccess = {
  closed: vnetEnabled && !dataAccountOpen
  addresses: dataAccountOpen ? [] : addresses
  subnets: dataAccountOpen ? [] : allowedSubnets
}
var hostAccess = { closed: vnetEnabled, addresses: [], subnets: [] }
var vaultAccess = { closed: vnetEnabled, addresses: addresses, subnets: [] }

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: names.?resourceGroup ?? 'rg-${environmentName}'
  location: location
  tags: tags
}

module identity 'app/identity.bicep' = {
  scope: group
  params: {
    name: names.?identity ?? 'id-landfall-${resourceToken}'
    location: location
    tags: tags
  }
}

module storage 'app/storage.bicep' = {
  scope: group
  params: {
    name: dataAccountName
    location: location
    tags: tags
    inputContainer: inputContainer
    deadLetterContainer: deadLetterContainer
    forData: true
    sku: storageSku
    access: dataAccess
    versioned: blobVersioning
    // The rule counts the age of a version from the day on which it was written, and deletes an old one soon after it was
    // replaced. It can be restored as long as promised all the same.
    restorableDays: min(max(retention.versions, 7), 365)
  }
}

module hostStorage 'app/storage.bicep' = if (separateDataAccount) {
  scope: group
  params: {
    name: hostAccountName
    location: location
    tags: tags
    inputContainer: inputContainer
    deadLetterContainer: deadLetterContainer
    forData: false
    sku: storageSku
    access: hostAccess
    versioned: false
    restorableDays: 7
  }
}

module monitoring 'app/monitoring.bicep' = {
  scope: group
  params: {
    workspaceName: names.?workspace ?? 'log-${resourceToken}'
    componentName: componentName
    location: location
    tags: tags
    retentionDays: logRetentionDays
    dailyCapGB: logDailyCapGB
  }
}

module vault 'app/vault.bicep' = {
  scope: group
  params: {
    name: vaultName
    location: location
    tags: tags
    access: vaultAccess
    recover: recoverVault
    purgeProtection: vaultPurgeProtection
  }
}

module events 'app/events.bicep' = {
  scope: group
  params: {
    topicName: topicName
    storageAccountName: dataAccountName
    location: location
    tags: tags
  }
  dependsOn: [storage]
}

module lifecycle 'app/lifecycle.bicep' = {
  scope: group
  params: {
    storageAccountName: dataAccountName
    inputContainer: inputContainer
    deadLetterContainer: deadLetterContainer
    retention: retention
  }
  dependsOn: [storage]
}

module diagnostics 'app/diagnostics.bicep' = if (auditLogs) {
  scope: group
  params: {
    workspaceId: monitoring.outputs.workspaceId
    storageAccountName: dataAccountName
    vaultName: vaultName
    topicName: topicName
  }
  dependsOn: [storage, vault, events]
}

module locks 'app/locks.bicep' = if (deleteLock) {
  scope: group
  params: {
    storageAccountName: dataAccountName
    vaultName: vaultName
  }
  dependsOn: [storage, vault]
}

module network 'app/network.bicep' = if (vnetEnabled) {
  scope: group
  params: {
    name: names.?network ?? 'vnet-${resourceToken}'
    location: location
    tags: tags
    addressPrefix: vnetAddressPrefix
  }
}

module dataEndpoints 'app/private-endpoints.bicep' = if (vnetEnabled) {
  scope: group
  params: {
    resourceId: storage.outputs.id
    resourceName: dataAccountName
    services: ['blob', 'queue', 'table']
    location: location
    tags: tags
    subnetId: network!.outputs.endpointSubnetId
    zones: network!.outputs.zones
  }
  dependsOn: [lifecycle] // which writes to the same account
}

module hostEndpoints 'app/private-endpoints.bicep' = if (vnetEnabled && separateDataAccount) {
  scope: group
  params: {
    resourceId: hostStorage!.outputs.id
    resourceName: hostAccountName
    services: ['blob', 'queue', 'table']
    location: location
    tags: tags
    subnetId: network!.outputs.endpointSubnetId
    zones: network!.outputs.zones
  }
}

module vaultEndpoints 'app/private-endpoints.bicep' = if (vnetEnabled) {
  scope: group
  params: {
    resourceId: vault.outputs.id
    resourceName: vaultName
    services: ['vault']
    location: location
    tags: tags
    subnetId: network!.outputs.endpointSubnetId
    zones: network!.outputs.zones
  }
}

module roles 'app/roles.bicep' = {
  scope: group
  params: {
    storageAccountName: dataAccountName
    hostAccountName: hostAccountName
    vaultName: vaultName
    componentName: componentName
    inputContainer: inputContainer
    deadLetterContainer: deadLetterContainer
    // The name of a role assignment contains the principal, which exists only after the deployment of its resource. The
    // name of the resource would not do: a principal that is created anew needs an assignment of its own.
    #disable-next-line what-if-short-circuiting
    appPrincipalId: identity.outputs.principalId
    #disable-next-line what-if-short-circuiting
    topicPrincipalId: events.outputs.principalId
    eventQueue: delivery == 'queue' ? eventQueue : ''
    operatorPrincipalId: operatorPrincipalId
    operatorPrincipalType: operatorPrincipalType
  }
  dependsOn: [storage, hostStorage, vault, monitoring]
}

module functionApp 'app/function.bicep' = {
  scope: group
  params: {
    planName: names.?plan ?? 'plan-${resourceToken}'
    siteName: names.?functionApp ?? 'func-landfall-${resourceToken}'
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
    eventDelivery: delivery
    routesFile: routesFile
    routeSettings: routeSettings
    secretSettings: secretSettings
    pollSchedule: pollSchedule
    sweepSchedule: sweepSchedule
    extraSettings: extraSettings
    entraClientId: entraClientId
    readRole: readRole
    operateRole: operateRole
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReadyInstances: alwaysReadyInstances
    zoneRedundant: zoneRedundant
    subnetId: vnetEnabled ? network!.outputs.appSubnetId : ''
  }
  dependsOn: [roles, dataEndpoints, hostEndpoints, vaultEndpoints]
}

// Last, since a new role takes effect after some minutes, and Event Grid does not try again what the queue has refused.
module queueSubscription 'app/eventgrid-queue-subscription.bicep' = if (delivery == 'queue') {
  scope: group
  params: {
    topicName: topicName
    storageAccountName: dataAccountName
    inputContainer: inputContainer
    deadLetterContainer: deadLetterContainer
    queueName: eventQueue
  }
  dependsOn: [events, functionApp]
}

module alerts 'app/alerts.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    topicId: events.outputs.topicId
    email: alertEmail
  }
}

module workbook 'app/workbook.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
  }
}

module budget 'app/budget.bicep' = if (budgetAmount > 0) {
  scope: group
  params: {
    amount: budgetAmount
    startDate: budgetStartDate
    email: alertEmail
  }
}

module studio 'app/studio.bicep' = if (!empty(studioImage)) {
  scope: group
  params: {
    name: names.?studio ?? 'ca-studio-${resourceToken}'
    environmentName: 'cae-${resourceToken}'
    identityName: 'id-studio-${resourceToken}'
    location: location
    tags: tags
    image: studioImage
    registry: studioRegistry
    subnetId: empty(studioSubnetId) && vnetEnabled ? network!.outputs.studioSubnetId : studioSubnetId
    nfsServer: studioNfsServer
    nfsShare: studioNfsShare
    initImage: studioInitImage
    allowedIpRanges: studioAddresses
    workspaceId: monitoring.outputs.workspaceId
    blobEndpoint: storage.outputs.blobEndpoint
  }
}

@description('Name of the resource group. The hook deploys the Event Grid subscription into it.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Name of the function app.')
output AZURE_FUNCTION_APP_NAME string = functionApp.outputs.name

@description('Base URL of the function app.')
output AZURE_FUNCTION_APP_URL string = functionApp.outputs.url

@description('Name of the storage account for data.')
output AZURE_STORAGE_ACCOUNT_NAME string = storage.outputs.name

@description('Name of the input container.')
output AZURE_INPUT_CONTAINER_NAME string = inputContainer

@description('Name of the Key Vault with the secret settings.')
output AZURE_KEY_VAULT_NAME string = vault.outputs.name

@description('Name of the Event Grid system topic of the data account.')
output AZURE_EVENTGRID_TOPIC_NAME string = events.outputs.topicName

@description('How Event Grid delivers events. With queue the hook has nothing to deploy.')
output AZURE_EVENT_DELIVERY string = delivery

@description('Object id of the operator, or `nobody`. The hook removes the roles of everybody else who was the operator once.')
output AZURE_OPERATOR_PRINCIPAL_ID string = empty(operatorPrincipalId) ? 'nobody' : operatorPrincipalId

@description('Name of the container for undelivered events.')
output AZURE_DEAD_LETTER_CONTAINER string = deadLetterContainer
