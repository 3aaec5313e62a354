local available = ((obj.status or {}).rendering or {}).available
if available == nil then
  error("no other rendering is available: nothing to adopt")
end
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["performance.bahamm.ir/adopt-rendering"] = available
return obj
