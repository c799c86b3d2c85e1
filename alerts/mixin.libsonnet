// The rules and the dashboards of waexporter for users of jsonnet, who vendor this repository:
//
//   local waexporter = import 'waexporter/alerts/mixin.libsonnet';
//   waexporter { _config+:: { runbookBase: 'https://wiki.example/wa' } }.prometheusAlerts
//
// The YAML and JSON files are the source; nothing is written twice. For label matchers in every selector, render the rules with
// `waexporter rules render --selector ...` instead.
local alerts = std.parseYaml(importstr 'alerts.yml');
local recordingRules = std.parseYaml(importstr 'recording-rules.yml');
local dashboards = [
  import '../grafana/dashboards/client.json',
  import '../grafana/dashboards/exporter.json',
  import '../grafana/dashboards/fleet.json',
  import '../grafana/dashboards/oncall.json',
  import '../grafana/dashboards/pager.json',
];
local exampleBase = 'https://waexporter.example/runbooks';

{
  _config:: {
    runbookBase: exampleBase,
    dashboardBase: 'http://localhost:3000',
  },

  local linked(rule) = rule {
    annotations+: {
      runbook_url: std.strReplace(super.runbook_url, exampleBase, $._config.runbookBase),
      dashboard_url: std.strReplace(super.dashboard_url, 'http://localhost:3000', $._config.dashboardBase),
    },
  },

  local chosen(variable) =
    if variable.name != 'runbooks' || $._config.runbookBase == exampleBase then variable
    else variable {
      query: $._config.runbookBase,
      current: { text: $._config.runbookBase, value: $._config.runbookBase },
    },

  grafanaDashboardFolder:: 'WhatsApp',

  // By uid: the files of several mixins are often kept in one folder.
  grafanaDashboards+:: {
    [board.uid + '.json']: board { templating+: { list: std.map(chosen, super.list) } }
    for board in dashboards
  },

  prometheusAlerts+:: {
    groups+: [group { rules: std.map(linked, super.rules) } for group in alerts.groups],
  },

  prometheusRules+:: {
    groups+: recordingRules.groups,
  },
}
