"""Solutions of equations as models: kept without the equation's code, asked at points, with derivatives."""
