// The studio in Azure Container Apps. It is off by default (docs/studio-container.md). The number of replicas is
// exactly one: two replicas would each run the same jobs.
import { resourceTags } from '../types.bicep'

@description('Name of the container app.')
param name string

@description('Name of the Container Apps environment.')
param environmentName string

@description('Name of the managed identity of the studio.')
param identityName string

@description('Azure region.')
param location string

@description('Tags of the resources.')
param tags resourceTags

@description('Image of the studio, with registry and tag.')
param image string

@description('Login server of the private registry. Empty: the image is public.')
param registry string

@description('Resource id of a subnet, delegated to Microsoft.App/environments. Empty: no virtual network.')
param subnetId string

@description('Host of the NFS share. Empty: every new revision of the studio starts without data.')
param nfsServer string

@description('Path of the NFS share.')
param nfsShare string

@description('Image of the container that makes the NFS share writable for the studio. It needs a root user and a shell. Empty: the base of studio/Dockerfile, by digest.')
param initImage string

@description('Address ranges that may call the studio, in CIDR notation. Empty: everybody.')
param allowedIpRanges string[]

@description('Resource id of the Log Analytics workspace.')
param workspaceId string

@description('Blob endpoint of the storage account that jobs may read and write.')
param blobEndpoint string

var persistent = !empty(nfsServer)
// The digest stands in one file, which Dependabot keeps current: FROM python:TAG@DIGEST.
var baseDigest = split(split(loadTextContent('../../studio/Dockerfile'), 'FROM python:')[1], ['@', '\r', '\n'])[1]
var shareName = 'studio-data'
var data = persistent
  ? { name: 'data', storageType: 'NfsAzureFile', storageName: shareName }
  : { name: 'data', storageType: 'EmptyDir' }
// Root owns the root of the share, and the image runs as user 10001.
var owner = {
  name: 'owner'
  image: empty(initImage) ? 'docker.io/library/python@${baseDigest}' : initImage
  command: ['sh', '-c', 'mkdir -p /data/studio && chown 10001:10001 /data/studio']
  resources: {
    cpu: json('0.25')
    memory: '0.5Gi'
  }
  volumeMounts: [{ volumeName: 'data', mountPath: '/data' }]
}

resource studioIdentity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: identityName
  location: location
  tags: tags
}

resource environment 'Microsoft.App/managedEnvironments@2026-01-01' = {
  name: environmentName
  location: location
  tags: tags
  properties: {
    appLogsConfiguration: {
      destination: 'azure-monitor'
    }
    vnetConfiguration: empty(subnetId) ? null : { infrastructureSubnetId: subnetId, internal: false }
    workloadProfiles: [
      {
        name: 'Consumption'
        workloadProfileType: 'Consumption'
      }
    ]
  }
}

// The newest stable version is of 2016 and has no resource-specific log tables.
#disable-next-line use-recent-api-versions
resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: environment
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'ContainerAppConsoleLogs'
        enabled: true
      }
    ]
  }
}

resource share 'Microsoft.App/managedEnvironments/storages@2026-01-01' = if (persistent) {
  parent: environment
  name: shareName
  properties: {
    nfsAzureFile: {
      server: nfsServer
      shareName: nfsShare
      accessMode: 'ReadWrite'
    }
  }
}

resource studio 'Microsoft.App/containerApps@2026-01-01' = {
  name: name
  location: location
  tags: tags
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${studioIdentity.id}': {}
    }
  }
  properties: {
    environmentId: environment.id
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      registries: empty(registry) ? [] : [{ server: registry, identity: studioIdentity.id }]
      ingress: {
        external: true
        targetPort: 8600
        transport: 'http'
        allowInsecure: false
        // With at least one range, every other address is refused.
        ipSecurityRestrictions: [
          for (range, index) in allowedIpRanges: {
            name: 'allowed-${index}'
            action: 'Allow'
            ipAddressRange: range
          }
        ]
      }
    }
    template: {
      terminationGracePeriodSeconds: 30
      scale: {
        minReplicas: 1
        maxReplicas: 1
      }
      volumes: [data]
      initContainers: persistent ? [owner] : []
      containers: [
        {
          name: 'studio'
          image: image
          resources: {
            cpu: json('1.0')
            memory: '2Gi'
          }
          env: [
            {
              name: 'STUDIO_BASE_URL'
              value: 'https://${name}.${environment.properties.defaultDomain}'
            }
            {
              name: 'STUDIO_ALLOW_HOSTS'
              value: split(blobEndpoint, '/')[2]
            }
            {
              // The next revision must be healthy before the platform ends the present one, and one alone may serve.
              name: 'STUDIO_TAKE_OVER'
              value: 'true'
            }
          ]
          volumeMounts: [
            {
              volumeName: 'data'
              mountPath: '/data'
            }
          ]
          probes: [
            {
              type: 'Startup'
              periodSeconds: 2
              failureThreshold: 30
              httpGet: {
                path: '/health'
                port: 8600
              }
            }
            {
              type: 'Readiness'
              periodSeconds: 10
              httpGet: {
                path: '/health'
                port: 8600
              }
            }
            {
              type: 'Liveness'
              periodSeconds: 30
              failureThreshold: 3
              httpGet: {
                path: '/health'
                port: 8600
              }
            }
          ]
        }
      ]
    }
  }
  dependsOn: [share]
}
