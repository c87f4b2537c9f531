// What both kinds of the Event Grid subscription have in common: which events are delivered, and how often it is tried.
@export()
@description('Name of the subscription. One kind replaces the other.')
var subscriptionName = 'csv-landed'

@export()
@description('Selects the events of finished .csv files in the input container.')
func csvFilter(inputContainer string) resourceInput<'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15'>.properties.filter => {
  includedEventTypes: ['Microsoft.Storage.BlobCreated']
  subjectBeginsWith: '/blobServices/default/containers/${inputContainer}/blobs/'
  subjectEndsWith: '.csv'
  isSubjectCaseSensitive: false
  // Only the calls that complete a blob. Other calls create it before its content is written.
  advancedFilters: [
    {
      operatorType: 'StringIn'
      key: 'data.api'
      values: ['PutBlob', 'PutBlockList', 'CopyBlob', 'FlushWithClose']
    }
  ]
}

@export()
@description('As often and as long as Event Grid allows.')
var retryPolicy = {
  maxDeliveryAttempts: 30
  eventTimeToLiveInMinutes: 1440
}
