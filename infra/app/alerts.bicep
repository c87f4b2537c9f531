// The alerts. Each query matches the action that ends a line of the app's log (shared/log_actions.py), the host's own line,
// or the absence of requests.
import { resourceTags } from '../types.bicep'

@description('Azure region.')
param location string

@description('Tags of the resources.')
param tags resourceTags

@description('Resource id of the Log Analytics workspace.')
param workspaceId string

@description('Resource id of the Event Grid system topic.')
param topicId string

@description('The e-mail address that the alerts go to; empty: none.')
param email string

@description('An alert on the log.')
type logAlert = {
  @description('Name of the rule.')
  name: string
  @description('Title in notifications.')
  title: string
  @description('What is wrong, and where to look.')
  description: string
  @description('0, critical, to 4, verbose.')
  severity: int
  @description('Query in KQL, whose rows are counted.')
  query: string
  @description('How the number of rows is compared with the threshold.')
  operator: 'GreaterThan' | 'LessThan'
  @description('Number of rows.')
  threshold: int
  @description('Period whose rows are counted, as an ISO 8601 duration.')
  windowSize: string
  @description('Period that the query reads, if it is longer than windowSize.')
  queryRange: string?
}

var logAlerts logAlert[] = [
  {
    name: 'landfall-poison'
    title: 'Landfall: a message was given up'
    description: 'A queue message or a file\'s event failed five times, and the host gave it up. The timer continues its run; the log has the errors.'
    severity: 2
    query: 'AppTraces | where Message endswith "action=message.poisoned]" or Message matches regex "Moving message to queue \'[a-z0-9-]+-poison\'"'
    operator: 'GreaterThan'
    threshold: 0
    windowSize: 'PT15M'
  }
  {
    name: 'landfall-stuck'
    title: 'Landfall: runs are stuck'
    description: 'Runs are past their deadline, or one of their steps fails again and again. See "landfall runs" and "landfall show RUN".'
    severity: 2
    query: 'AppTraces | where Message endswith "action=runs.stuck]"'
    operator: 'GreaterThan'
    threshold: 0
    windowSize: 'PT15M'
  }
  {
    name: 'landfall-silent'
    title: 'Landfall: the poller is silent'
    description: 'The timer polled no pending job for half an hour although it did within two days, or never while the app answered other requests for an hour: the app or its timer does not run. See "When the timers stop" in docs/operating.md.'
    severity: 1
    // Only the timer's own executions count: ticks over HTTP are requests of http_tick. A new app has an hour for its first
    // tick, counted from its first request; after two days of silence its other requests still show that it should tick.
    query: 'AppRequests | summarize First = min(TimeGenerated), Newest = max(TimeGenerated), Last = maxif(TimeGenerated, Name == "poll_pending_jobs") | where Last < ago(30m) or (isnull(Last) and First < ago(1h) and Newest > ago(30m))'
    operator: 'GreaterThan'
    threshold: 0
    windowSize: 'PT30M'
    queryRange: 'P2D' // the longest that a log alert may look back
  }
  {
    name: 'landfall-promotion'
    title: 'Landfall: a run failed or was rolled back'
    description: 'A training failed, a run took too long, or a promotion was rolled back. See "landfall explain RUN".'
    severity: 2
    query: 'AppTraces | where Message endswith "action=run.failed]" or Message endswith "action=run.rolled_back]" or Message endswith "action=run.timed_out]"'
    operator: 'GreaterThan'
    threshold: 0
    windowSize: 'PT15M'
  }
  {
    name: 'landfall-endpoint'
    title: 'Landfall: an endpoint does not serve the verified model'
    description: 'An endpoint was given another model, or its answers differ from the verified ones. See "landfall verify".'
    severity: 1
    query: 'AppTraces | where Message endswith "action=endpoint.drifted]" or Message endswith "action=endpoint.mismatched]" or Message endswith "action=endpoint.unexplained]"'
    operator: 'GreaterThan'
    threshold: 0
    windowSize: 'PT30M'
  }
  {
    name: 'landfall-unreported'
    title: 'Landfall: events about new files do not arrive'
    description: 'At least two sweeps within two days landed files that no event had reported for five minutes. Check the event subscription: "landfall doctor --azure".'
    severity: 2
    query: 'AppTraces | where Message endswith "action=sweep.found_unreported]"'
    operator: 'GreaterThan'
    threshold: 1
    windowSize: 'P2D'
  }
  {
    name: 'landfall-configuration'
    title: 'Landfall: the settings are wrong'
    description: 'The app cannot start with its settings or its routes.toml. Each line of its log that begins with "configuration:" names a problem.'
    severity: 1
    query: 'AppTraces | where Message endswith "action=configuration.invalid]"'
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

resource logRules 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for alert in logAlerts: {
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
      evaluationFrequency: alert.windowSize == 'P2D' ? 'PT1H' : 'PT5M' // a query over days costs more
      windowSize: alert.windowSize
      overrideQueryTimeRange: alert.?queryRange
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
  }
]

resource deadLettered 'Microsoft.Insights/metricAlerts@2026-01-01' = {
  name: 'landfall-dead-lettered'
  location: 'global'
  tags: tags
  properties: {
    description: 'Event Grid gave up the delivery of an event. The sweep lands its file; the container dead-letters has the event.'
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
