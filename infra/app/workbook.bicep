// The workbook "Landfall" of the workspace: runs by outcome, failures, ticks, files that no event reported. Its queries
// read the fields that end a line of the app's log (shared/log_actions.py). The traceback of a bug stands behind them.
import { resourceTags } from '../types.bicep'

@description('Azure region.')
param location string

@description('Tags of the resource.')
param tags resourceTags

@description('Resource id of the Log Analytics workspace.')
param workspaceId string

var outcomes = '''
AppTraces
| extend Outcome = extract(@"action=(?:run|file)\.(promoted|rejected|unchanged|superseded|batched|rolled_back|failed|timed_out|cancelled|quarantined|unrouted)\]$", 1, Message)
| where isnotempty(Outcome)
'''

var queries = [
  {
    name: 'runs-by-outcome'
    title: 'Runs by outcome'
    visualization: 'barchart'
    query: '${outcomes}| summarize Runs = count() by Outcome, bin(TimeGenerated, 1d)'
  }
  {
    name: 'outcomes-by-route'
    title: 'Outcomes by route'
    visualization: 'table'
    query: '${outcomes}| extend Route = url_decode(extract(@"route=(\\S+) action=", 1, Message))\n| summarize Runs = count(), Last = max(TimeGenerated) by Route, Outcome\n| order by Route asc, Runs desc'
  }
  {
    name: 'failures'
    title: 'Failures'
    visualization: 'table'
    query: '''
AppTraces
| extend Action = extract(@"action=([a-z_]+\.[a-z_]+)\](?:\n|$)", 1, Message)
| where Action in ("run.failed", "run.rolled_back", "run.timed_out", "run.step_crashed", "runs.stuck", "message.poisoned", "endpoint.drifted", "endpoint.mismatched", "endpoint.unexplained", "configuration.invalid")
| extend Route = url_decode(extract(@"route=(\S+) action=", 1, Message)), Run = extract(@"run_id=(\S+) ", 1, Message)
| project TimeGenerated, Action, Route, Run, Message
| order by TimeGenerated desc
| take 200
'''
  }
  {
    name: 'warnings-by-action'
    title: 'Warnings and errors by action'
    visualization: 'table'
    query: '''
AppTraces
| where SeverityLevel >= 2
| extend Action = extract(@"action=([a-z_]+\.[a-z_]+)\](?:\n|$)", 1, Message)
| where isnotempty(Action)
| summarize Lines = count(), Last = max(TimeGenerated) by Action
| order by Lines desc
'''
  }
  {
    name: 'ticks'
    title: 'Ticks of the poller in ten minutes. A gap is a silent timer.'
    visualization: 'timechart'
    query: '''
AppRequests
| where Name == "poll_pending_jobs"
| make-series Ticks = count() default = 0 on TimeGenerated from {TimeRange:start} to {TimeRange:end} step 10m
'''
  }
  {
    name: 'last-tick'
    title: 'Minutes since the last tick'
    visualization: 'table'
    query: '''
AppRequests
| where Name == "poll_pending_jobs"
| summarize Last = max(TimeGenerated)
| project Function = "poll_pending_jobs", Minutes = datetime_diff("minute", now(), Last)
'''
  }
  {
    name: 'found-by-sweep'
    title: 'Sweeps that found files which no event had reported'
    visualization: 'barchart'
    query: '''
AppTraces
| where Message endswith "action=sweep.found_files]"
| summarize Sweeps = count() by bin(TimeGenerated, 1h)
'''
  }
]

var timeRange = {
  type: 9
  name: 'parameters'
  content: {
    version: 'KqlParameterItem/1.0'
    style: 'pills'
    queryType: 0
    resourceType: 'microsoft.operationalinsights/workspaces'
    parameters: [
      {
        id: guid('landfall', 'TimeRange')
        version: 'KqlParameterItem/1.0'
        name: 'TimeRange'
        label: 'Time range'
        type: 4 // a time range
        isRequired: true
        value: {
          durationMs: 604800000 // 7 days
        }
        typeSettings: {
          selectableValues: map([3600000, 86400000, 604800000, 2592000000], duration => { durationMs: duration })
          allowCustom: true
        }
      }
    ]
  }
}

var charts = map(queries, chart => {
  type: 3
  name: chart.name
  content: {
    version: 'KqlItem/1.0'
    title: chart.title
    query: chart.query
    visualization: chart.visualization
    size: 0
    timeContextFromParameter: 'TimeRange'
    queryType: 0
    resourceType: 'microsoft.operationalinsights/workspaces'
  }
})

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, 'landfall-workbook')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Landfall'
    category: 'workbook'
    sourceId: workspaceId
    serializedData: string({
      version: 'Notebook/1.0'
      items: concat([timeRange], charts)
      fallbackResourceIds: [workspaceId]
      '$schema': 'https://github.com/Microsoft/Application-Insights-Workbooks/blob/master/schema/workbook.json'
    })
  }
}
