terraform import dbxidentity_resolved_principal.analyst user/external/3561efdc-b86d-4c51-81f0-972c874f3721
