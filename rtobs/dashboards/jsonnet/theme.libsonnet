// Looks that are the same on every dashboard: one colour for a meaning, one place for a size.
// Tables are locals: the evaluator would make a field again at every access.
local colours = {
  good: 'green',
  notice: 'yellow',
  warning: 'orange',
  bad: 'red',
  neutral: 'text',
  muted: '#8e8e8e',
  none: 'transparent',
};

// Columns of 24 and rows of the grid.
local sizes = {
  tile: { w: 4, h: 4 },
  third: { w: 8, h: 4 },
  band: { w: 24, h: 4 },
  half: { w: 12, h: 8 },
  wide: { w: 24, h: 9 },
  full: { w: 24, h: 14 },
  strip: { w: 24, h: 5 },
};

local fixed(colour) = [{ id: 'color', value: { mode: 'fixed', fixedColor: colour } }];

local dashed = [
  { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 6] } },
  { id: 'custom.lineWidth', value: 1 },
  { id: 'custom.fillOpacity', value: 0 },
  { id: 'custom.thresholdsStyle', value: { mode: 'off' } },
];

// Looks of single series, as field overrides.
local looks = {
  ideal: dashed + fixed(colours.muted),
  budget: dashed + fixed(colours.warning),
  pageLimit: dashed + fixed(colours.bad),
  ticketLimit: dashed + fixed(colours.warning),
  good: fixed(colours.good),
  bad: fixed(colours.bad),
};

local neutral = { mode: 'absolute', steps: [{ color: colours.neutral, value: null }] };

{
  colours: colours,
  sizes: sizes,
  looks: looks,

  // Thresholds of Grafana; the first step is the start of the scale.
  steps(thresholds):: if std.length(thresholds) == 0 then neutral else {
    mode: 'absolute',
    steps: [{ color: colours[step.tone], value: step.at } for step in thresholds],
  },

  // Words instead of values.
  mappings(texts):: [
    local result = { text: words.text, color: colours[words.tone], index: 0 };
    if words.missing then { type: 'special', options: { match: 'null+nan', result: result } }
    else { type: 'range', options: { from: words.start, to: words.end, result: result } }
    for words in texts
  ],
}
