"""The names of the backbones that come along."""

from typing import Literal

EFFICIENTNET_LITE0 = "efficientnet-lite0"
Named = Literal["efficientnet-lite0"]
"""The first eleven blocks of EfficientNet-Lite0, trained on ImageNet. See LICENSE.txt beside this file."""
