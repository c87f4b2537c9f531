// What somebody should be told. Every query matches lines that the app or the host really writes, or their absence.
@description('Azure region.')
param location string

@description('Tags of the resources.')
param tags object

@description('Resource id of the Log Analytics workspace.')
param workspaceId string

@description('Resource id of the Event Grid system topic.')
param topicId string

@description('Who is told by e-mail; empty: nobody.')
param email string

var logAlerts = [
  {
    name: 'landfall-poison'
    title: 'Landfall: a message was given up'
    description: 'A queue message or a file\'s event failed five times. The run it is about goes on by the timer; its log has the error.'
    severity: 2
    query: 'AppTraces | where Message startswith "poison message of " or Message matches regex "Moving message to queue \'[a-z0-9-]+-poison\'"'
    operator: 'GreaterThan'
    threshold: 0
    windowSize: 'PT15M'
  }
  {
    name: 'landfall-stuck'
    title: 'Landfall: runs are stuck'
    description: 'Runs are past their deadline, or a step of theirs fails again and again. "landfall runs" and "landfall show RUN" tell why.'
    severity: 2
    query: 'AppTraces | where Message startswith "runs stuck: "'
    operator: 'GreaterThan'
    threshold: 0
    windowSize: 'PT15M'
  }
  {
    name: 'landfall-silent'
    title: 'Landfall: the poller is silent'
    description: 'No pending job was polled for half an hour: the app does not run, or its timer does not.'
    severity: 1
    query: 'AppRequests | where Name == "poll_pending_jobs"'
    operator: 'LessThan'
    threshold: 1
    windowSize: 'PT30M'
  }
  {
    name: 'landfall-promotion'
    title: 'Landfall: a run failed or was rolled back'
    description: 'A model was put back after its promotion, a training failed, or a run took too long. "landfall explain RUN" tells why.'
    severity: 2
    query: 'AppTraces | where Message matches regex "^run [0-9a-f]{8} of .*: (failed|rolled_back|timed_out)(: |$)"'
    operator: 'GreaterThan'
    threshold: 0
    windowSize: 'PT15M'
  }
  {
    name: 'landfall-endpoint'
    title: 'Landfall: an endpoint does not serve what was verified'
    description: 'An endpoint was given another model, or answers otherwise than it was verified to. "landfall verify" tells more.'
    severity: 1
    query: 'AppTraces | where Message matches regex "^endpoint .* of route .* (serves another model than was verified|does not answer as it was verified|was given .*: it is given|is frozen: it )"'
    operator: 'GreaterThan'
    threshold: 0
    windowSize: 'PT30M'
  }
  {
    name: 'landfall-configuration'
    title: 'Landfall: the settings are wrong'
    description: 'The app cannot work with its settings or its routes.toml. Each line of its log that begins with "configuration:" is a problem.'
    severity: 1
    query: 'AppTraces | where Message startswith "configuration: "'
    operator: 'GreaterThan'
    threshold: 0
    windowSize: 'PT15M'
  }
]

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'landfall'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'landfall'
    enabled: true
    emailReceivers: empty(email) ? [] : [{ name: 'operator', emailAddress: email, useCommonAlertSchema: true }]
  }
}

resource logRules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for alert in logAlerts: {
  name: alert.name
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: alert.title
    description: alert.description
    severity: alert.severity
    enabled: true
    scopes: [workspaceId]
    evaluationFrequency: 'PT5M'
    windowSize: alert.windowSize
    criteria: {
      allOf: [
        {
          query: alert.query
          timeAggregation: 'Count'
          operator: alert.operator
          threshold: alert.threshold
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    autoMitigate: true
    skipQueryValidation: true // the tables are there only after the first line
    actions: {
      actionGroups: [people.id]
    }
  }
}]

resource deadLettered 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'landfall-dead-lettered'
  location: 'global'
  tags: tags
  properties: {
    description: 'Event Grid gave up delivering an event to the app. The sweep finds its file; the container dead-letters has the event.'
    severity: 3
    enabled: true
    scopes: [topicId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'dead-lettered'
          metricName: 'DeadLetteredCount'
          metricNamespace: 'Microsoft.EventGrid/systemTopics'
          operator: 'GreaterThan'
          threshold: 0
          timeAggregation: 'Total'
          skipMetricValidation: true
        }
      ]
    }
    autoMitigate: true
    actions: [
      {
        actionGroupId: people.id
      }
    ]
  }
}
