"""Whether a challenger of a study of runs takes the place of its champion: the comparison and the rule."""
