-- Health from conditions and generation alone: reasons and messages are for people, and may grow in number.
local metadata = obj.metadata or {}
local status = obj.status or {}

if metadata.deletionTimestamp ~= nil then
  return { status = "Progressing", message = "Pending deletion" }
end
if status.conditions == nil then
  return { status = "Progressing", message = "the operator has not looked at it yet" }
end
if status.observedGeneration ~= metadata.generation then
  return { status = "Progressing", message = "the operator has not looked at its latest edit yet" }
end

local conditions = {}
for _, condition in ipairs(status.conditions) do
  conditions[condition.type] = condition
end

local function is(kind, value)
  return conditions[kind] ~= nil and conditions[kind].status == value
end

-- A refusal names the rule, the field and the fix: that is deeper than any consequence of it.
for _, abnormal in ipairs({ { "Valid", "False" }, { "Stalled", "True" } }) do
  if is(abnormal[1], abnormal[2]) then
    return { status = "Degraded", message = conditions[abnormal[1]].message or "" }
  end
end

local ready = conditions.Ready or {}
if ready.reason == "Suspended" then
  return { status = "Suspended", message = ready.message or "" }
end
if ready.status == "True" then
  return { status = "Healthy", message = ready.message or "" }
end
return { status = "Progressing", message = ready.message or "the operator has not judged it yet" }
