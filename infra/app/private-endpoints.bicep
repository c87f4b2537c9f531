// The private endpoints of one storage account or vault, with their names in the private DNS zones of the network.
import { endpointService, resourceTags, zoneIds } from '../types.bicep'

@description('Resource id of the storage account or vault.')
param resourceId string

@description('Name of the storage account or vault.')
param resourceName string

@description('Which services of it get an endpoint each: blob, queue, table or vault.')
param services endpointService[]

@description('Azure region.')
param location string

@description('Tags of the resources.')
param tags resourceTags

@description('Resource id of the subnet of the private endpoints.')
param subnetId string

@description('Resource ids of the private DNS zones, by service.')
param zones zoneIds

// One after the other: an account refuses a second connection while it is still adding the first.
@batchSize(1)
resource endpoints 'Microsoft.Network/privateEndpoints@2025-05-01' = [
  for service in services: {
    name: 'pe-${resourceName}-${service}'
    location: location
    tags: tags
    properties: {
      customNetworkInterfaceName: 'nic-${resourceName}-${service}'
      privateLinkServiceConnections: [
        {
          name: service
          properties: {
            privateLinkServiceId: resourceId
            groupIds: [service]
          }
        }
      ]
      subnet: {
        id: subnetId
      }
    }
  }
]

resource records 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-05-01' = [
  for (service, index) in services: {
    parent: endpoints[index]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: service
          properties: {
            privateDnsZoneId: zones[service]
          }
        }
      ]
    }
  }
]
