"""Image classifiers of the last decade, each as small as its idea allows, to read, to copy and to try devices with.

Every module has one function named like the network; `width` scales the channels and `classes` is the number of
outputs. `NETWORKS` builds each at a size that a processor steps through in a second. What they take is a batch of
images, (N, 3, H, W), at least 32 x 32.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from examples.networks.alexnet import alexnet
from examples.networks.convnext import convnext
from examples.networks.densenet import densenet
from examples.networks.efficientnet import efficientnet
from examples.networks.googlenet import googlenet
from examples.networks.inception import inception
from examples.networks.mobilenet import mnasnet, mobilenet_v2, mobilenet_v3
from examples.networks.regnet import regnet
from examples.networks.resnet import resnet, resnext, wide_resnet
from examples.networks.shufflenet import shufflenet
from examples.networks.squeezenet import squeezenet
from examples.networks.vgg import vgg
from examples.networks.vit import vit
from unison import nn

__all__ = ["NETWORKS"]

NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "alexnet": partial(alexnet, width=8),
    "convnext": partial(convnext, width=8),
    "densenet": partial(densenet, growth=4),
    "efficientnet": partial(efficientnet, width=8),
    "googlenet": partial(googlenet, width=4),
    "inception": partial(inception, width=4),
    "mnasnet": partial(mnasnet, width=8),
    "mobilenet_v2": partial(mobilenet_v2, width=8),
    "mobilenet_v3": partial(mobilenet_v3, width=8),
    "regnet": partial(regnet, width=8),
    "resnet": partial(resnet, width=8),
    "resnext": partial(resnext, width=8),
    "shufflenet": partial(shufflenet, width=8),
    "squeezenet": partial(squeezenet, width=8),
    "vgg": partial(vgg, width=8),
    "vit": partial(vit, width=16),
    "wide_resnet": partial(wide_resnet, width=4),
}
