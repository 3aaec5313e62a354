local os = require("os")
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["performance.bahamm.ir/requestedAt"] = os.date("!%Y-%m-%dT%XZ")
return obj
