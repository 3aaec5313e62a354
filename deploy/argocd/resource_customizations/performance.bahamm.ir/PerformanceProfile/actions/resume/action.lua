if obj.metadata.annotations ~= nil then
  obj.metadata.annotations["performance.bahamm.ir/suspend"] = nil
end
return obj
