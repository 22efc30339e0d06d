// Panels of Grafana as plain objects. Named arguments, no builder: change a panel with `+`.
// No panel has a gridPos here; the grid gives it one. A panel of a patch may have `id=null`.
local theme = import 'rtobs/theme.libsonnet';

local sources = {
  prometheus: { type: 'prometheus', uid: '${prometheus_datasource}' },
  loki: { type: 'loki', uid: '${loki_datasource}' },
  tempo: { type: 'tempo', uid: '${tempo_datasource}' },
};
local source(kind) = sources[kind];
local prometheus = sources.prometheus;

local link(to) = { title: to.title, url: to.url, targetBlank: to.new_tab };

// What a Prometheus query answers: a table for tables, one value for stats, else a series.
local promql(query, format) = {
  refId: query.ref,
  datasource: prometheus,
  editorMode: 'code',
  expr: query.text,
  format: format,
  instant: query.instant,
  range: !query.instant,
  legendFormat: if query.legend == '' then '__auto' else query.legend,
};

// How a cell of a table shows its value.
local cells = {
  text: { type: 'auto' },
  gauge: { type: 'gauge', mode: 'basic', valueDisplayMode: 'text' },
  coloured: { type: 'color-background', mode: 'basic' },
  'coloured-text': { type: 'color-text' },
};

local plainTable = { align: 'auto', cellOptions: { type: 'auto' }, filterable: false, inspect: false };

local override(matcher, options, properties) = {
  matcher: { id: matcher, options: options },
  properties: properties,
};

{
  source:: source,

  // What every panel has. `defaults` are the field defaults that differ.
  base(type, id, title, description, datasource, targets, options, defaults={}, overrides=[], interval=null, timeFrom=null, transformations=null):: {
    [if id != null then 'id']: id,
    type: type,
    title: title,
    description: description,
    datasource: datasource,
    targets: targets,
    options: options,
    fieldConfig: { defaults: defaults, overrides: overrides },
    [if interval != null then 'interval']: interval,
    [if timeFrom != null then 'timeFrom']: timeFrom,
    [if transformations != null then 'transformations']: transformations,
  },

  // Field defaults: unit, scale, words and colours of values.
  field(unit, decimals=null, min=null, max=null, noValue='no data', thresholds=[], texts=[], links=[], color='thresholds', custom=null):: {
    unit: unit,
    noValue: noValue,
    mappings: theme.mappings(texts),
    thresholds: theme.steps(thresholds),
    color: { mode: color },
    links: links,
    [if custom != null then 'custom']: custom,
    [if decimals != null then 'decimals']: decimals,
    [if min != null then 'min']: min,
    [if max != null then 'max']: max,
  },

  stat(id, title, description, queries, field, filled=false)::
    $.base('stat', id, title, description, prometheus, [
      promql(query, 'time_series')
      for query in queries
    ], {
      colorMode: if filled then 'background_solid' else 'value',
      graphMode: 'none',
      justifyMode: 'auto',
      orientation: 'auto',
      percentChangeColorMode: 'standard',
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
      showPercentChange: false,
      textMode: if std.length(queries) > 1 then 'value_and_name' else 'value',
      wideLayout: true,
    }, field),

  timeSeries(id, title, description, queries, field, styles=[], timeFrom=null)::
    $.base('timeseries', id, title, description, prometheus, [
      promql(query, 'time_series')
      for query in queries
    ], {
      legend: { calcs: ['lastNotNull', 'max'], displayMode: 'table', placement: 'right', showLegend: true, width: 260 },
      tooltip: { mode: 'multi', sort: 'desc' },
    }, field, [
      override('byFrameRefID', style.ref, theme.looks[style.look])
      for style in styles
    ], interval='1m', timeFrom=timeFrom),

  // How a line is drawn; thresholds fill the ground behind it.
  line(stacked=false, ground=false):: {
    drawStyle: 'line',
    lineWidth: 1,
    fillOpacity: if stacked then 60 else 8,
    showPoints: 'never',
    spanNulls: false,
    stacking: { mode: if stacked then 'normal' else 'none', group: 'A' },
    thresholdsStyle: { mode: if ground then 'area' else 'off' },
  },

  // A table of one line for each value of the first column's label, joined over all queries.
  table(id, title, description, queries, columns, noValue='-', sortBy='', descending=false)::
    local name(column) =
      if !column.value then column.field
      else if std.length(queries) == 1 then 'Value'
      else 'Value #' + column.field;
    $.base('table', id, title, description, prometheus, [
      promql(query, 'table')
      for query in queries
    ], {
      cellHeight: 'sm',
      frameIndex: 0,
      showHeader: true,
      sortBy: if sortBy == '' then [] else [{ displayName: sortBy, desc: descending }],
    }, $.field('none', noValue=noValue, custom=plainTable), [
      override('byName', column.title, $.cell(column))
      for column in columns
    ], transformations=
        [{ id: 'filterFieldsByName', options: { include: { names: [name(column) for column in columns] } } }]
        + (if std.length(queries) == 1 then [] else [
             { id: 'joinByField', options: { byField: columns[0].field, mode: 'outer' } },
           ])
        + [{
          id: 'organize',
          options: {
            excludeByName: {},
            indexByName: { [name(columns[index])]: index for index in std.range(0, std.length(columns) - 1) },
            renameByName: { [name(column)]: column.title for column in columns },
          },
        }]),

  // Field overrides of a table's column.
  cell(column)::
    [{ id: 'unit', value: column.unit }, { id: 'custom.cellOptions', value: cells[column.cell] }]
    + (if column.decimals == null then [] else [{ id: 'decimals', value: column.decimals }])
    + (if column.minimum == null then [] else [{ id: 'min', value: column.minimum }])
    + (if column.maximum == null then [] else [{ id: 'max', value: column.maximum }])
    + (if column.width == 0 then [] else [{ id: 'custom.width', value: column.width }])
    + (if column.thresholds == [] then [] else [
         { id: 'thresholds', value: theme.steps(column.thresholds) },
         { id: 'color', value: { mode: 'thresholds' } },
       ])
    + (if column.texts == [] then [] else [{ id: 'mappings', value: theme.mappings(column.texts) }])
    + (if column.link == null then [] else [{ id: 'links', value: [link(column.link)] }]),

  stateTimeline(id, title, description, queries, field)::
    $.base('state-timeline', id, title, description, prometheus, [
      promql(query, 'time_series')
      for query in queries
    ], {
      alignValue: 'left',
      legend: { calcs: [], displayMode: 'list', placement: 'bottom', showLegend: false },
      mergeValues: true,
      rowHeight: 0.8,
      showValue: 'auto',
      tooltip: { mode: 'single', sort: 'none' },
    }, field, interval='1m'),

  text(id, title, description, content):: {
    [if id != null then 'id']: id,
    type: 'text',
    title: title,
    description: description,
    options: { content: content, mode: 'markdown' },
    fieldConfig: { defaults: {}, overrides: [] },
  },

  logs(id, title, description, queries)::
    $.base('logs', id, title, description, source('loki'), [
      { refId: query.ref, datasource: source('loki'), editorMode: 'code', expr: query.text, queryType: 'range', maxLines: 200 }
      for query in queries
    ], {
      dedupStrategy: 'signature',
      enableLogDetails: true,
      prettifyLogMessage: false,
      showCommonLabels: false,
      showLabels: false,
      showLogContextToggle: true,
      showTime: true,
      sortOrder: 'Descending',
      wrapLogMessage: true,
    }),

  traces(id, title, description, queries)::
    $.base('table', id, title, description, source('tempo'), [
      { refId: query.ref, datasource: source('tempo'), query: query.text, queryType: 'traceql', tableType: 'traces', limit: 20 }
      for query in queries
    ], { cellHeight: 'sm', frameIndex: 0, showHeader: true }, {
      noValue: 'no failed traces',
      unit: 'none',
      custom: plainTable,
    }),

  // The panel that a spec's panel describes.
  of(panel)::
    local graph = panel.kind == 'timeSeries';
    local field = $.field(
      panel.unit,
      decimals=panel.decimals,
      min=panel.minimum,
      max=panel.maximum,
      noValue=panel.no_value,
      thresholds=panel.thresholds,
      texts=panel.texts,
      links=if panel.link == null then [] else [link(panel.link)],
      color=if graph then 'palette-classic-by-name' else 'thresholds',
      custom=if graph then $.line(panel.stacked, std.length(panel.thresholds) > 0)
      else if panel.kind == 'stateTimeline' then { fillOpacity: 80, lineWidth: 0 },
    );
    local period = if panel.period == '' then null else panel.period;
    local drawn = {
      stat: $.stat(panel.id, panel.title, panel.description, panel.queries, field, filled=panel.size == 'band'),
      timeSeries: $.timeSeries(panel.id, panel.title, panel.description, panel.queries, field, panel.styles, period),
      table: $.table(panel.id, panel.title, panel.description, panel.queries, panel.columns, panel.no_value, panel.sort_by, panel.descending),
      stateTimeline: $.stateTimeline(panel.id, panel.title, panel.description, panel.queries, field),
      text: $.text(panel.id, panel.title, panel.description, panel.content),
      logs: $.logs(panel.id, panel.title, panel.description, panel.queries),
      traces: $.traces(panel.id, panel.title, panel.description, panel.queries),
    };
    drawn[panel.kind],
}
