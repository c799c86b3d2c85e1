// The rules of waexporter for users of jsonnet, who vendor this repository:
//
//   local waexporter = import 'waexporter/alerts/mixin.libsonnet';
//   waexporter { _config+:: { runbookBase: 'https://wiki.example/wa' } }.prometheusAlerts
//
// The YAML files are the source; nothing is written twice. For label matchers in every selector, render the rules with
// `waexporter rules render --selector ...` instead.
local alerts = std.parseYaml(importstr 'alerts.yml');
local recordingRules = std.parseYaml(importstr 'recording-rules.yml');

{
  _config:: {
    runbookBase: 'https://waexporter.example/runbooks',
    dashboardBase: 'http://localhost:3000',
  },

  local linked(rule) = rule {
    annotations+: {
      runbook_url: std.strReplace(super.runbook_url, 'https://waexporter.example/runbooks', $._config.runbookBase),
      dashboard_url: std.strReplace(super.dashboard_url, 'http://localhost:3000', $._config.dashboardBase),
    },
  },

  prometheusAlerts+:: {
    groups+: [group { rules: std.map(linked, super.rules) } for group in alerts.groups],
  },

  prometheusRules+:: {
    groups+: recordingRules.groups,
  },
}
