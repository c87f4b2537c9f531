// Types of parameters that several files share.
@export()
@description('Tags of a resource.')
type resourceTags = {
  @description('The value of the tag with this name.')
  *: string
}

@export()
@description('App settings.')
type settingValues = {
  @description('The value of the setting with this name.')
  *: string
}

@export()
@description('Names that replace the derived ones. Those of accounts, vaults and apps are unique in all of Azure.')
@sealed()
type resourceNames = {
  @description('Resource group. Default: rg-ENVIRONMENT.')
  @minLength(1)
  @maxLength(90)
  resourceGroup: string?

  @description('Storage account for the data: lower-case letters and digits. Default: st and a hash.')
  @minLength(3)
  @maxLength(24)
  storageAccount: string?

  @description('Storage account for the host, with separateDataAccount: lower-case letters and digits. Default: sthost and a hash.')
  @minLength(3)
  @maxLength(24)
  hostStorageAccount: string?

  @description('Function app: letters, digits and hyphens. It is part of the URL. Default: func-landfall- and a hash.')
  @minLength(2)
  @maxLength(60)
  functionApp: string?

  @description('Plan of the function app. Default: plan- and a hash.')
  @minLength(1)
  @maxLength(60)
  plan: string?

  @description('Managed identity of the function app. Default: id-landfall- and a hash.')
  @minLength(3)
  @maxLength(128)
  identity: string?

  @description('Key Vault: letters, digits and hyphens. Default: kv- and a hash.')
  @minLength(3)
  @maxLength(24)
  vault: string?

  @description('Log Analytics workspace. Default: log- and a hash.')
  @minLength(4)
  @maxLength(63)
  workspace: string?

  @description('Application Insights component. Default: appi- and a hash.')
  @minLength(1)
  @maxLength(255)
  component: string?

  @description('Event Grid system topic. Default: evgt- and a hash.')
  @minLength(3)
  @maxLength(50)
  topic: string?

  @description('Virtual network, with vnetEnabled. Default: vnet- and a hash.')
  @minLength(2)
  @maxLength(64)
  network: string?

  @description('Container app of the studio. It is part of the URL. Default: ca-studio- and a hash.')
  @minLength(2)
  @maxLength(32)
  studio: string?
}

@export()
@description('After how many days the data account deletes what the app no longer needs. 0: never.')
@sealed()
type retentionDays = {
  @description('Pinned inputs and job outputs. It must be longer than all deadlines_s of a route together.')
  @minValue(0)
  @maxValue(36500)
  training: int

  @description('Copies of bad files.')
  @minValue(0)
  @maxValue(36500)
  quarantine: int

  @description('Events that Event Grid gave up.')
  @minValue(0)
  @maxValue(36500)
  deadLetters: int

  @description('Overwritten and deleted versions of input files and models, from the day on which they were written. Then they are deleted, and can be restored for as many days again (7 to 365).')
  @minValue(0)
  @maxValue(36500)
  versions: int
}

@export()
@description('Who reaches a storage account or a vault through the public network.')
@sealed()
type publicAccess = {
  @description('Whether it is closed, with the following exceptions.')
  closed: bool

  @description('Public addresses and ranges.')
  addresses: string[]

  @description('Resource ids of subnets with the service endpoint Microsoft.Storage.')
  subnets: string[]
}

@export()
@description('Services that have a private endpoint.')
type endpointService = 'blob' | 'queue' | 'table' | 'vault'

@export()
@description('Resource ids of the private DNS zones, by service.')
@sealed()
type zoneIds = {
  @description('Zone of the blobs.')
  blob: string

  @description('Zone of the queues.')
  queue: string

  @description('Zone of the tables.')
  table: string

  @description('Zone of the vault.')
  vault: string
}
