// The virtual network of the app, and the private DNS zones by which names of storage and vault lead to their private
// endpoints. Only with vnetEnabled.
import { resourceTags, zoneIds } from '../types.bicep'

@description('Name of the virtual network.')
param name string

@description('Azure region.')
param location string

@description('Tags of the resources.')
param tags resourceTags

@description('Address space of the network, a /24 or larger.')
param addressPrefix string

var zoneNames = {
  blob: 'privatelink.blob.${environment().suffixes.storage}'
  queue: 'privatelink.queue.${environment().suffixes.storage}'
  table: 'privatelink.table.${environment().suffixes.storage}'
  vault: 'privatelink${replace(environment().suffixes.keyvaultDns, '.vault.', '.vaultcore.')}'
}
var delegation = {
  name: 'environments'
  properties: {
    serviceName: 'Microsoft.App/environments'
  }
}

// The subnets are part of the network. As resources of their own, a second deployment would first remove them.
resource network 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: {
      addressPrefixes: [addressPrefix]
    }
    subnets: [
      {
        // A delegated subnet reaches the internet whatever defaultOutboundAccess says: its service manages that.
        name: 'app'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 0)
          delegations: [delegation]
        }
      }
      {
        // The environment of the studio does not share a subnet.
        name: 'studio'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 1)
          delegations: [delegation]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 2)
          defaultOutboundAccess: false
        }
      }
    ]
  }

  resource app 'subnets' existing = {
    name: 'app'
  }

  resource studio 'subnets' existing = {
    name: 'studio'
  }

  resource endpoints 'subnets' existing = {
    name: 'endpoints'
  }
}

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for zone in items(zoneNames): {
    name: zone.value
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (zone, index) in items(zoneNames): {
    parent: zones[index]
    name: name
    location: 'global'
    tags: tags
    properties: {
      registrationEnabled: false
      virtualNetwork: {
        id: network.id
      }
    }
  }
]

@description('Resource id of the subnet of the function app.')
output appSubnetId string = network::app.id

@description('Resource id of the subnet of the studio.')
output studioSubnetId string = network::studio.id

@description('Resource id of the subnet of the private endpoints.')
output endpointSubnetId string = network::endpoints.id

@description('Resource ids of the private DNS zones, by service.')
output zones zoneIds = toObject(
  items(zoneNames),
  zone => zone.key,
  zone => resourceId('Microsoft.Network/privateDnsZones', zone.value)
)
