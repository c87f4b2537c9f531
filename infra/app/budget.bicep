// A monthly budget of the resource group. It sends notifications; it stops no resource.
@description('Monthly amount, in the currency of the subscription.')
param amount int

@description('First day of the month in which the budget begins, such as 2027-01-01.')
@minLength(10)
@maxLength(10)
param startDate string

@description('E-mail address for notifications, besides the owners of the subscription. Empty: the owners only.')
param email string

resource budget 'Microsoft.Consumption/budgets@2026-06-01' = {
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
