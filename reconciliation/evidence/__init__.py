"""Evidence packs: everything an auditor needs of one company and span of days in one file that shows any change."""
