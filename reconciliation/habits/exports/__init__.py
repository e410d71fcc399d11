"""The view at hand as a file: one file of this package says what is in it per list, others write it as CSV and XLSX."""
