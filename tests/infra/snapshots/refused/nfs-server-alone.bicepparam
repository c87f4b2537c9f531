using '../../../../infra/main.bicep'

param environmentName = 'landfall-dev'
param location = 'westeurope'
param studioImage = 'ghcr.io/example/landfall-studio:0.1.0'
param studioNfsServer = 'example.file.core.windows.net'
