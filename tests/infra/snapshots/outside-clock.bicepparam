// What docs/outside-clock.md lets a person deploy if the app's timers stop.
using '../../../infra/app/outside-clock.bicep'

param functionAppName = 'func-landfall-dev'
