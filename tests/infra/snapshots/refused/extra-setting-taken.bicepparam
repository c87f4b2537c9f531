// Further settings that other parameters, or the platform, set.
using '../../../../infra/main.bicep'

param environmentName = 'landfall-dev'
param location = 'westeurope'
param routeSettings = {
  CENSUS_JOBS_URL: 'https://example.com/jobs'
}
param secretSettings = ['CENSUS_TRAINING_KEY']
param extraSettings = {
  landfall_poll_schedule: '0 */5 * * * *'
  CENSUS_JOBS_URL: 'https://example.org/jobs'
  CENSUS_TRAINING_KEY: 'x'
  WEBSITE_AUTH_ENABLED: 'true'
  REQUESTS_CA_BUNDLE: '/etc/ssl/certs/ca-certificates.crt'
}
