// Rules by which the data account deletes old blobs. The container models has none for its blobs: endpoints are rolled
// back to them, however old they are.
import { retentionDays } from '../types.bicep'

@description('Name of the storage account for data.')
param storageAccountName string

@description('Name of the input container.')
param inputContainer string

@description('Name of the container for undelivered events.')
param deadLetterContainer string

@description('After how many days each kind is deleted. 0: never.')
param retention retentionDays

// The folder of a run begins with a hexadecimal digit. That leaves out `golden`, whose rows verify an endpoint for as
// long as its model serves. A rule takes at most ten prefixes.
var blobAges = [
  { name: 'training-1', prefixes: map(range(0, 10), digit => 'training/${digit}'), days: retention.training }
  {
    name: 'training-2'
    prefixes: ['training/a', 'training/b', 'training/c', 'training/d', 'training/e', 'training/f']
    days: retention.training
  }
  { name: 'quarantine', prefixes: ['quarantine/'], days: retention.quarantine }
  { name: 'dead-letters', prefixes: ['${deadLetterContainer}/'], days: retention.deadLetters }
]
// Versions of input files, of archived ones and of models undo a mistake. All others are by-products, mostly of the host's
// locks and of its timers, which write every minute. Both are deleted also when no new versions are kept.
var versionAges = [
  { name: 'versions', prefixes: ['${inputContainer}/', 'archive/', 'models/'], days: retention.versions }
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
]
// A rule without an age is turned off: left out, it would still be in the account after a change.
var blobRules = [
  for age in blobAges: {
    name: age.name
    type: 'Lifecycle'
    enabled: age.days > 0
    definition: {
      filters: {
        blobTypes: ['blockBlob', 'appendBlob']
        prefixMatch: age.prefixes
      }
      actions: {
        baseBlob: {
          delete: {
            daysAfterModificationGreaterThan: max(age.days, 1)
          }
        }
      }
    }
  }
]
var versionRules = [
  for age in versionAges: {
    name: age.name
    type: 'Lifecycle'
    enabled: age.days > 0
    definition: {
      filters: {
        blobTypes: ['blockBlob']
        prefixMatch: age.prefixes
      }
      actions: {
        version: {
          delete: {
            daysAfterCreationGreaterThan: max(age.days, 1)
          }
        }
      }
    }
  }
]

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: storageAccountName
}

resource policy 'Microsoft.Storage/storageAccounts/managementPolicies@2026-04-01' = {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: concat(blobRules, versionRules)
    }
  }
}
