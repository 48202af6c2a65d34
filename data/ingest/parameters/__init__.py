"""Parameters of runs: from tables, case files and names of runs, held against each other."""
