// Panels get their places: from left to right, then a new line, 24 columns wide.
// What is read more than once is bound to a local: the evaluator makes a field again at every access.
local columns = 24;
local usual = { w: 12, h: 8 };

// Where the panels of one row stand, below `top`: [{key, gridPos}], and the first free line.
local flow(keys, sizes, top) =
  local next(state, key) =
    local size = if std.objectHas(sizes, key) then sizes[key] else usual;
    local w = size.w;
    local h = size.h;
    local wraps = state.x + w > columns;
    local x = if wraps then 0 else state.x;
    local y = if wraps then state.bottom else state.y;
    local bottom = if y + h > state.bottom then y + h else state.bottom;
    local placed = state.placed + [{ key: key, gridPos: { x: x, y: y, w: w, h: h } }];
    { x: x + w, y: y, bottom: bottom, placed: placed };
  std.foldl(next, keys, { x: 0, y: top, bottom: top, placed: [] });

local heading(row, y, panels) = {
  id: row.id,
  type: 'row',
  title: row.title,
  collapsed: row.collapsed,
  gridPos: { x: 0, y: y, w: columns, h: 1 },
  panels: panels,
};

// A panel of a patch may leave out its id; it gets one that depends on its key only.
local identified(panels, uid, key, row) =
  assert std.objectHas(panels, key) : 'the row "' + row.title + '" names the panel "' + key + '", but the board has none of that key';
  local panel = panels[key];
  if std.objectHas(panel, 'id') then panel
  else panel { id: 1 + std.parseHex(std.substr(std.md5(uid + '/' + key), 0, 7)) };

{
  // All panels of a board with their places. Panels of a collapsed row stand inside its heading,
  // those of an open row after it; a row without a title has no heading.
  place(board)::
    local panels = board.panels;
    local sizes = board.sizes;
    local uid = board.dashboard.uid;
    local next(state, row) =
      local headed = row.title != '';
      local flown = flow(row.panels, sizes, state.y + (if headed then 1 else 0));
      local inside = [
        identified(panels, uid, spot.key, row) { gridPos: spot.gridPos }
        for spot in flown.placed
      ];
      local shown =
        if row.collapsed then [heading(row, state.y, inside)]
        else if headed then [heading(row, state.y, [])] + inside
        else inside;
      local all = state.panels + shown;
      local y = if row.collapsed then state.y + 1 else flown.bottom;
      { y: y, panels: all };
    std.foldl(next, board.rows, { y: 0, panels: [] }).panels,
}
