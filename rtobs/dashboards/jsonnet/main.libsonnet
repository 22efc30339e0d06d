// All dashboards in one evaluation: specs and patches in, Grafana's JSON by uid out.
local boards = import 'rtobs/boards.libsonnet';

local patched(board, patch) = if std.isFunction(patch) then patch(board) else board + patch;

// The spec arrives as text: parsing it is faster than evaluating it as a program.
function(patches) function(spec) {
  [one.uid]: boards.finish(
    if std.objectHas(patches, one.uid) then patched(boards.board(one), patches[one.uid])
    else boards.board(one)
  )
  for one in std.parseJson(spec)
}
