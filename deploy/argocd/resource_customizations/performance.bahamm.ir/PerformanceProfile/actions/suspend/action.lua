obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["performance.bahamm.ir/suspend"] = "true"
return obj
