// A spec becomes a board: the dashboard without its panels, the panels by key, their sizes by key,
// and the rows as lists of keys. A patch changes the board with `+` before it is laid out.
local grid = import 'rtobs/grid.libsonnet';
local panels = import 'rtobs/panels.libsonnet';
local theme = import 'rtobs/theme.libsonnet';

local hide(variable) = if variable.hidden then 2 else 0;

local sourceVariable(variable) = {
  type: 'datasource',
  name: variable.name,
  label: variable.label,
  query: variable.source,
  current: { text: variable.current, value: variable.current },
  hide: hide(variable),
  includeAll: false,
  multi: false,
  options: [],
  refresh: 1,
  regex: '',
};

local queryVariable(variable) =
  local all = variable.everything != '';
  local text = if all then 'All' else variable.current;
  local value = if all then '$__all' else variable.current;
  {
    type: 'query',
    name: variable.name,
    label: variable.label,
    datasource: panels.source('prometheus'),
    query: variable.query,
    regex: variable.regex,
    refresh: 2,
    sort: 1,
    hide: hide(variable),
    multi: variable.several,
    includeAll: all,
    options: [],
    current: if variable.several then { text: [text], value: [value] } else { text: text, value: value },
    [if all then 'allValue']: variable.everything,
  };

local annotation(events) = {
  name: events.name,
  datasource: panels.source('prometheus'),
  enable: true,
  hide: false,
  iconColor: theme.colours[events.tone],
  titleFormat: events.title,
  textFormat: '',
  tagKeys: std.join(',', events.tags),
  target: { refId: 'annotation', expr: events.text, interval: '1m', limit: 100, matchAny: false, tags: [], type: 'tags' },
};

// Links to every dashboard that has the tag, with the variables and the time range of this one.
local siblings(tag) = {
  type: 'dashboards',
  title: 'SLO dashboards',
  tags: [tag],
  asDropdown: true,
  includeVars: true,
  keepTime: true,
  targetBlank: false,
  icon: 'external link',
  tooltip: '',
  url: '',
};

local plainLink(to) = {
  type: 'link',
  title: to.title,
  url: to.url,
  tags: [],
  asDropdown: false,
  includeVars: false,
  keepTime: false,
  targetBlank: to.new_tab,
  icon: 'doc',
  tooltip: '',
};

{
  board(spec):: {
    dashboard: {
      uid: spec.uid,
      title: spec.title,
      description: spec.description,
      tags: spec.tags,
      schemaVersion: 42,
      editable: false,
      graphTooltip: 1,
      timezone: 'browser',
      time: { from: 'now-' + spec.span, to: 'now' },
      timepicker: {},
      refresh: spec.refresh,
      templating: {
        list: [
          if variable.source != null then sourceVariable(variable) else queryVariable(variable)
          for variable in spec.variables
        ],
      },
      annotations: { list: [annotation(events) for events in spec.annotations] },
      links: [siblings(spec.tags[0])] + [plainLink(to) for to in spec.links],
    },
    panels: { [panel.key]: panels.of(panel) for row in spec.rows for panel in row.panels },
    sizes: { [panel.key]: theme.sizes[panel.size] for row in spec.rows for panel in row.panels },
    rows: [
      { id: row.id, title: row.title, collapsed: row.collapsed, panels: [panel.key for panel in row.panels] }
      for row in spec.rows
    ],
  },

  finish(board):: board.dashboard { panels: grid.place(board) },
}
