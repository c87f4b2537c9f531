// Rules by which the data account deletes old blobs. The container models has none for its blobs: endpoints are rolled
// back to them, however old they are.
import { retentionDays } from '../types.bicep'

@description('Name of the storage account for data.')
param storageAccountName string

@description('Name of the input container.')
param inputContainer string

@description('Name of the container for undelivered events.')
param deadLetterContainer string

@description('Whether the account keeps versions of its blobs.')
param versioned bool

@description('After how many days each kind is deleted. 0: never.')
param retention retentionDays

// The folder of a run begins with a hexadecimal digit. That leaves out `golden`, whose rows verify an endpoint for as
// long as its model serves. A rule takes at most ten prefixes.
var runFolders = [
  map(range(0, 10), digit => 'training/${digit}')
  ['training/a', 'training/b', 'training/c', 'training/d', 'training/e', 'training/f']
]
var trainingRules = [
  for (prefixes, index) in runFolders: {
    name: 'training-${index + 1}'
    prefixes: prefixes
    days: retention.training
  }
]
var deletions = filter(
  concat(trainingRules, [
    { name: 'quarantine', prefixes: ['quarantine/'], days: retention.quarantine }
    { name: 'dead-letters', prefixes: ['${deadLetterContainer}/'], days: retention.deadLetters }
  ]),
  rule => rule.days > 0
)
// Versions of input files and models undo a mistake. All others are by-products, mostly of the host's locks and of its
// timers, which write every minute.
var versionDeletions = filter(
  [
    { name: 'versions', prefixes: ['${inputContainer}/', 'models/'], days: retention.versions }
    {
      name: 'versions-by-products'
      prefixes: [
        'azure-webjobs-hosts/'
        'azure-webjobs-secrets/'
        'deployments/'
        'training/'
        'quarantine/'
        '${deadLetterContainer}/'
      ]
      days: 1
    }
  ],
  rule => versioned && rule.days > 0
)

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: storageAccountName
}

var blobRules = [
  for rule in deletions: {
    name: rule.name
    type: 'Lifecycle'
    enabled: true
    definition: {
      filters: {
        blobTypes: ['blockBlob']
        prefixMatch: rule.prefixes
      }
      actions: {
        baseBlob: {
          delete: {
            daysAfterModificationGreaterThan: rule.days
          }
        }
      }
    }
  }
]
var versionRules = [
  for rule in versionDeletions: {
    name: rule.name
    type: 'Lifecycle'
    enabled: true
    definition: {
      filters: {
        blobTypes: ['blockBlob']
        prefixMatch: rule.prefixes
      }
      actions: {
        version: {
          delete: {
            daysAfterCreationGreaterThan: rule.days
          }
        }
      }
    }
  }
]

resource policy 'Microsoft.Storage/storageAccounts/managementPolicies@2026-04-01' = if (!empty(deletions) || !empty(versionDeletions)) {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: concat(blobRules, versionRules)
    }
  }
}
