-- What makes sense now. Whatever is asked for is an annotation: the spec belongs to Git, and stays as it is there.
local metadata = obj.metadata or {}
local annotations = metadata.annotations or {}
local spec = obj.spec or {}
local status = obj.status or {}

local actions = {}
if metadata.deletionTimestamp ~= nil then
  return actions
end

if annotations["performance.bahamm.ir/suspend"] == "true" then
  actions["resume"] = { displayName = "Resume", iconClass = "fa fa-fw fa-play" }
else
  -- What is suspended by its spec is resumed there.
  actions["suspend"] = { displayName = "Suspend", iconClass = "fa fa-fw fa-pause", disabled = spec.suspend == true }
end

-- Not again while the last request waits for its answer.
local asked = annotations["performance.bahamm.ir/requestedAt"]
actions["refresh"] = {
  displayName = "Look again at everything",
  iconClass = "fa fa-fw fa-rotate-right",
  disabled = asked ~= nil and asked ~= status.lastHandledRequest,
}

local available = (status.rendering or {}).available
if available ~= nil then
  actions["adopt-rendering"] = {
    displayName = "Adopt rendering " .. available,
    iconClass = "fa fa-fw fa-circle-up",
    disabled = annotations["performance.bahamm.ir/adopt-rendering"] == available,
  }
end

return actions
