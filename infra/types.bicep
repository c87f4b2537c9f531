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
