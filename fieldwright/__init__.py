"""Fieldwright: from finished simulation runs to live surrogates with honest error bars."""
