"""What operators look at and mend: dead letters, the audit trail, which service instances are alive."""
