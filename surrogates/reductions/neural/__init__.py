"""Autoencoders as corrections of a POD: `frame` is what they see, `networks` the nets, `training` the loop.

Imported only where such a reduction is fitted or restored, as torch takes seconds to load.
"""
