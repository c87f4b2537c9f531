// The function app on Flex Consumption, with all its app settings.
import { resourceTags, settingValues } from '../types.bicep'

@description('Name of the plan.')
param planName string

@description('Name of the function app.')
param siteName string

@description('Azure region.')
param location string

@description('Tags of the resources.')
param tags resourceTags

@description('Resource id of the managed identity of the app.')
param identityId string

@description('Client id of the managed identity of the app.')
param identityClientId string

@description('Name of the storage account of the host.')
param hostAccountName string

@description('Whether the data has another storage account than the host.')
param separateDataAccount bool

@description('Blob endpoint of the data account, which contains the deployed package.')
param blobEndpoint string

@description('Queue endpoint of the data account.')
param queueEndpoint string

@description('Table endpoint of the data account.')
param tableEndpoint string

@description('Name of the container for the deployed package.')
param deploymentContainer string

@description('Connection string of Application Insights. It is not a secret: the component accepts logs only with a token.')
param applicationInsightsConnectionString string

@description('URL of the Key Vault, with a trailing slash.')
param vaultUri string

@description('Name of the input container.')
param inputContainer string

@description('How events about new files arrive: webhook or queue.')
param eventDelivery string

@description('Path of routes.toml in the deployed package.')
param routesFile string

@description('Plain settings that routes.toml names, by name.')
param routeSettings settingValues

@description('Names of the settings whose values are secrets in the Key Vault.')
param secretSettings string[]

@description('Schedule of poll_pending_jobs: NCRONTAB with seconds, UTC.')
param pollSchedule string

@description('Schedule of the sweep: NCRONTAB with seconds, UTC.')
param sweepSchedule string

@description('Further app settings, by name.')
param extraSettings settingValues

@description('Client id of the app registration that callers sign in to. Empty: the function key authorizes callers.')
param entraClientId string

@description('App role that may read.')
param readRole string

@description('App role that may read and operate.')
param operateRole string

@description('Memory of each instance, in MB.')
param instanceMemoryMB int

@description('Maximum number of concurrent instances.')
param maximumInstanceCount int

@description('Number of instances that are always ready for the function that lands files.')
param alwaysReadyInstances int

@description('Whether instances are spread over the zones of the region.')
param zoneRedundant bool

@description('Resource id of a subnet, delegated to Microsoft.App/environments, through which the app sends its requests. Empty: no virtual network.')
param subnetId string

resource hostAccount 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: hostAccountName
}

var appSettings = {
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  AzureWebJobsStorage__blobServiceUri: hostAccount.properties.primaryEndpoints.blob
  AzureWebJobsStorage__queueServiceUri: hostAccount.properties.primaryEndpoints.queue
  AzureWebJobsStorage__tableServiceUri: hostAccount.properties.primaryEndpoints.table
  AZURE_CLIENT_ID: identityClientId
  // The host would keep its diagnostic events in a table that it creates. It has no role for that, and each instance would
  // report the refusal. The same events are in the log.
  AzureWebJobsFeatureFlags: 'DisableDiagnosticEventLogging'
  APPLICATIONINSIGHTS_CONNECTION_STRING: applicationInsightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
  LANDFALL_ROUTES: routesFile
  LANDFALL_INPUT: inputContainer
  LANDFALL_DATA_HOST: split(blobEndpoint, '/')[2] // routes.toml allows it, so that job outputs can be read
  LANDFALL_BLOB_SOURCE: eventDelivery == 'queue' ? 'EventGridQueue' : 'EventGrid'
  LANDFALL_POLL_SCHEDULE: pollSchedule
  LANDFALL_SWEEP_SCHEDULE: sweepSchedule
}

// If any of these settings has a value, the app keeps all its data in this account.
var dataSettings = {
  LANDFALL_DATA__credential: 'managedidentity'
  LANDFALL_DATA__clientId: identityClientId
  LANDFALL_DATA__blobServiceUri: blobEndpoint
  LANDFALL_DATA__queueServiceUri: queueEndpoint
  LANDFALL_DATA__tableServiceUri: tableEndpoint
}

var entraSettings = {
  LANDFALL_HTTP_AUTH: 'entra'
  LANDFALL_READ_ROLE: readRole
  LANDFALL_OPERATE_ROLE: operateRole
}

// The references name no version, so the platform reads a changed secret within a day, or when it is asked to
// (docs/deploy.md): a restart does not promise it.
var secretReferences = toObject(
  secretSettings,
  setting => setting,
  setting => '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/${replace(toLower(setting), '_', '-')})'
)

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  // checkov:skip=CKV_AZURE_225: zoneRedundant turns it on; it is not in every region, and rows survive an instance
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    tier: 'FlexConsumption'
    name: 'FC1'
  }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource site 'Microsoft.Web/sites@2025-03-01' = {
  // checkov:skip=CKV_AZURE_17: callers have a function key or a token; Event Grid and browsers send no certificate
  // checkov:skip=CKV_AZURE_18: no caller needs HTTP/2, and a setting that Flex Consumption may refuse was never tried
  // checkov:skip=CKV_AZURE_67: as above
  // checkov:skip=CKV_AZURE_78: FTP lets nobody in: ftpPasswords refuses user name and password
  // checkov:skip=CKV_AZURE_212: Flex Consumption scales from zero, and no work is lost while no instance runs
  // checkov:skip=CKV_AZURE_213: Flex Consumption has no health check of the platform; the app has GET /api/health
  // checkov:skip=CKV_AZURE_222: Event Grid, operators and approval links come from outside; each has a key or a token
  name: siteName
  location: location
  tags: union(tags, {
    'azd-service-name': 'app'
  })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    // Here and not as a resource of its own, which a second deployment would remove and then fail to add again.
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    keyVaultReferenceIdentity: identityId
    siteConfig: {
      minTlsVersion: '1.2'
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          // The package stays in the data account even if the host has an account of its own. Otherwise a provision that
          // turns separateDataAccount on would leave the app without code.
          value: '${blobEndpoint}${deploymentContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'python'
        version: '3.13'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        // Blob triggers scale as a group, every queue trigger by itself.
        alwaysReady: alwaysReadyInstances == 0
          ? []
          : [
              {
                name: eventDelivery == 'queue' ? 'function:on_csv_event' : 'blob'
                instanceCount: alwaysReadyInstances
              }
            ]
      }
    }
  }
}

// The children of the site are deployed one after another: each write restarts the site, and Azure refuses a write that
// meets another one with a conflict.
resource settings 'Microsoft.Web/sites/config@2025-03-01' = {
  // checkov:skip=CKV_AZURE_13: entraClientId turns it on; without it the host asks for a function key
  // checkov:skip=CKV_AZURE_63: a key of the configuration `web`, which this is not; logs go to Application Insights
  // checkov:skip=CKV_AZURE_65: as above
  // checkov:skip=CKV_AZURE_66: as above
  // checkov:skip=CKV_AZURE_80: the app is in Python
  // checkov:skip=CKV_AZURE_88: Flex Consumption has no content share; the package is in a blob container
  // checkov:skip=CKV_AZURE_222: it is for the site, above
  parent: site
  name: 'appsettings'
  properties: union(
    extraSettings,
    routeSettings,
    secretReferences,
    appSettings,
    separateDataAccount ? dataSettings : {},
    empty(entraClientId) ? {} : entraSettings
  )
}

// The platform authenticates callers and refuses those without a token. Two paths are excluded: Event Grid sends a key
// of its own, and approval links need no sign-in. Each function then checks the caller's role.
resource authentication 'Microsoft.Web/sites/config@2025-03-01' = if (!empty(entraClientId)) {
  parent: site
  name: 'authsettingsV2'
  properties: {
    platform: {
      enabled: true
    }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: 'Return401'
      excludedPaths: ['/api/approval', '/runtime/webhooks/blobs']
    }
    httpSettings: {
      requireHttps: true
    }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: entraClientId
          openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
        }
        validation: {
          allowedAudiences: [entraClientId, 'api://${entraClientId}']
        }
      }
    }
    login: {
      tokenStore: {
        enabled: false
      }
    }
  }
  dependsOn: [settings]
}

// Deployments need a token of Microsoft Entra. User name and password are refused.
resource scmPasswords 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: site
  name: 'scm'
  properties: {
    allow: false
  }
  dependsOn: [settings, authentication]
}

resource ftpPasswords 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: site
  name: 'ftp'
  properties: {
    allow: false
  }
  dependsOn: [scmPasswords]
}

@description('Name of the function app.')
output name string = site.name

@description('Base URL of the function app.')
output url string = 'https://${site.properties.defaultHostName}'
