"""What operators look at and mend: dead letters, the audit trail, instances that are alive, lanes and their pauses."""
