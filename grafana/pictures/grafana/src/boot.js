// What Grafana's packages look for in the window before anything else runs.
window.grafanaBootData = {
  settings: {
    buildInfo: { version: '11.6.0' },
    featureToggles: {},
    datasources: {},
    panels: {},
    unifiedAlertingEnabled: true,
    bootData: {},
    dateFormats: undefined,
  },
  user: { timezone: 'utc', locale: 'en-US', orgRole: 'Viewer', theme: 'dark' },
  navTree: [],
};
