// A budget for the resource group: it tells, it does not stop anything.
@description('Amount for a month, in the currency of the subscription.')
param amount int

@description('First day of a month, such as 2027-01-01.')
@minLength(10)
@maxLength(10)
param startDate string

@description('Who is told by e-mail, besides the owners of the subscription; empty: only these.')
param email string

resource budget 'Microsoft.Consumption/budgets@2024-08-01' = {
  name: 'landfall'
  properties: {
    category: 'Cost'
    amount: amount
    timeGrain: 'Monthly'
    timePeriod: {
      startDate: startDate
    }
    notifications: {
      nearly: {
        enabled: true
        operator: 'GreaterThan'
        threshold: 80
        thresholdType: 'Actual'
        contactEmails: empty(email) ? [] : [email]
        contactRoles: ['Owner']
      }
      forecast: {
        enabled: true
        operator: 'GreaterThan'
        threshold: 100
        thresholdType: 'Forecasted'
        contactEmails: empty(email) ? [] : [email]
        contactRoles: ['Owner']
      }
    }
  }
}
