// The function app on Flex Consumption, with every app setting that it reads.
@description('Name of the plan.')
param planName string

@description('Name of the function app.')
param siteName string

@description('Azure region.')
param location string

@description('Tags of the resources.')
param tags object

@description('Resource id of the app\'s identity.')
param identityId string

@description('Client id of the app\'s identity.')
param identityClientId string

@description('Name of the storage account of the host; the deployed package stands in it.')
param hostAccountName string

@description('Whether the data has another account than the host.')
param separateDataAccount bool

@description('URL of the blobs of the account that has the data.')
param blobEndpoint string

@description('URL of its queues.')
param queueEndpoint string

@description('URL of its tables.')
param tableEndpoint string

@description('The container that the deployed package stands in.')
param deploymentContainer string

@description('Connection string of Application Insights; no secret, see there.')
param applicationInsightsConnectionString string

@description('URL of the Key Vault, with a slash at its end.')
param vaultUri string

@description('The container that CSVs land in.')
param inputContainer string

@description('Path of routes.toml in the deployed package.')
param routesFile string

@description('Plain settings that routes.toml names.')
param routeSettings object

@description('Names of the settings that come from the Key Vault.')
param secretSettings array

@description('When pending jobs are polled, NCRONTAB.')
param pollSchedule string

@description('When the input container is compared with the rows, NCRONTAB.')
param sweepSchedule string

@description('Client id of the app registration that callers sign in to; empty: none do.')
param entraClientId string

@description('Memory of an instance, MB.')
param instanceMemoryMB int

@description('Most instances at a time.')
param maximumInstanceCount int

resource hostAccount 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: hostAccountName
}

var appSettings = {
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  AzureWebJobsStorage__blobServiceUri: hostAccount.properties.primaryEndpoints.blob
  AzureWebJobsStorage__queueServiceUri: hostAccount.properties.primaryEndpoints.queue
  AzureWebJobsStorage__tableServiceUri: hostAccount.properties.primaryEndpoints.table
  AZURE_CLIENT_ID: identityClientId
  APPLICATIONINSIGHTS_CONNECTION_STRING: applicationInsightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
  LANDFALL_ROUTES: routesFile
  LANDFALL_INPUT: inputContainer
  LANDFALL_BLOB_SOURCE: 'EventGrid'
  LANDFALL_POLL_SCHEDULE: pollSchedule
  LANDFALL_SWEEP_SCHEDULE: sweepSchedule
}

// As soon as one of them is set, the app takes all its data to be there.
var dataSettings = {
  LANDFALL_DATA__credential: 'managedidentity'
  LANDFALL_DATA__clientId: identityClientId
  LANDFALL_DATA__blobServiceUri: blobEndpoint
  LANDFALL_DATA__queueServiceUri: queueEndpoint
  LANDFALL_DATA__tableServiceUri: tableEndpoint
}

var entraSettings = {
  LANDFALL_HTTP_AUTH: 'entra'
}

// No version in the reference: a secret that is changed in the vault is used within a day, or at the next restart.
var secretReferences = toObject(secretSettings, setting => setting, setting => '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/${replace(toLower(setting), '_', '-')})')

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
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
  }
}

resource site 'Microsoft.Web/sites@2025-03-01' = {
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
    keyVaultReferenceIdentity: identityId
    siteConfig: {
      minTlsVersion: '1.2'
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${hostAccount.properties.primaryEndpoints.blob}${deploymentContainer}'
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
      }
    }
  }
}

resource settings 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: site
  name: 'appsettings'
  properties: union(routeSettings, secretReferences, appSettings, separateDataAccount ? dataSettings : {}, empty(entraClientId) ? {} : entraSettings)
}

// The platform proves who a caller is, and refuses whoever has not signed in: but for events of Event Grid, which come
// with a key of their own, and for approval links. Each function then asks for the caller's role.
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
}

// Deploying is done with a token of Microsoft Entra; user name and password are refused.
resource scmPasswords 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: site
  name: 'scm'
  properties: {
    allow: false
  }
}

resource ftpPasswords 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: site
  name: 'ftp'
  properties: {
    allow: false
  }
}

@description('Name of the function app.')
output name string = site.name

@description('Base URL of the function app.')
output url string = 'https://${site.properties.defaultHostName}'
