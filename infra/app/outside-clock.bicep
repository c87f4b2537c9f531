// A clock outside the app: Logic Apps that ask it for ticks and sweeps while its timers do not fire (docs/outside-clock.md).
// A person deploys it; neither azd nor a hook does. The deployment is idempotent.
@description('Name of the function app.')
param functionAppName string

@description('Azure region.')
param location string = resourceGroup().location

@description('Minutes between two ticks.')
@minValue(1)
@maxValue(60)
param tickMinutes int = 5

@description('Minutes between two sweeps. A sweep reads a row for each file in the input container.')
@minValue(1)
@maxValue(1440)
param sweepMinutes int = 15

var operations = [
  {
    name: 'tick'
    minutes: tickMinutes
  }
  {
    name: 'sweep'
    minutes: sweepMinutes
  }
]

resource site 'Microsoft.Web/sites@2025-03-01' existing = {
  name: functionAppName
}

resource clocks 'Microsoft.Logic/workflows@2019-05-01' = [
  for operation in operations: {
    name: '${take(functionAppName, 37)}-${operation.name}' // 43 characters at most
    location: location
    properties: {
      state: 'Enabled'
      parameters: {
        functionKey: {
          value: listKeys('${site.id}/host/default', '2025-03-01').functionKeys.default
        }
      }
      definition: {
        '$schema': 'https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#'
        contentVersion: '1.0.0.0'
        parameters: {
          functionKey: {
            type: 'SecureString'
          }
        }
        triggers: {
          clock: {
            type: 'Recurrence'
            recurrence: {
              frequency: 'Minute'
              interval: operation.minutes
            }
            runtimeConfiguration: {
              concurrency: {
                runs: 1
              }
            }
          }
        }
        actions: {
          ask: {
            type: 'Http'
            inputs: {
              method: 'POST'
              uri: 'https://${site.properties.defaultHostName}/api/${operation.name}'
              headers: {
                'Content-Type': 'application/json'
                'x-functions-key': '@parameters(\'functionKey\')'
              }
              body: {}
              retryPolicy: {
                type: 'none' // the next request comes anyhow
              }
            }
            operationOptions: 'DisableAsyncPattern' // 202 means that more is left, not that the answer is to be fetched
            runtimeConfiguration: {
              secureData: {
                properties: ['inputs'] // no key in the history of runs
              }
            }
            runAfter: {}
          }
        }
      }
    }
  }
]
