// What docs/deploy.md lets a person deploy if the app's timers stop.
using '../../../infra/app/outside-clock.bicep'

param functionAppName = 'func-landfall-dev'
