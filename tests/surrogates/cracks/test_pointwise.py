import numpy as np
import pytest
import torch

from fieldwright.surrogates.cracks.pointwise import PointwiseConvolution


@pytest.mark.parametrize("memory_format", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("bias", [False, True])
def test_a_pixel_s_channels_are_the_matrix_times_those_of_the_same_pixel(bias, memory_format):
    layer = PointwiseConvolution(5, 3, bias).double()
    x = torch.rand(2, 5, 4, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x = x.to(memory_format=memory_format).requires_grad_()
    found = layer(x)
    assert (layer.bias is not None) == bias
    weight = layer.weight.detach().numpy()[:, :, 0, 0]
    expected = np.einsum("oc,nchw->nohw", weight, x.detach().numpy())
    if layer.bias is not None:
        expected += layer.bias.detach().numpy()[:, None, None]
    np.testing.assert_allclose(found.detach().numpy(), expected, atol=1e-12)
    assert found.is_contiguous(memory_format=memory_format)
    # d sum(y^2) / d x = 2 W' y.
    found.square().sum().backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), 2.0 * np.einsum("oc,nohw->nchw", weight, expected), atol=1e-12)


def test_its_weights_have_the_names_and_shapes_of_a_convolution():
    usual = torch.nn.Conv2d(5, 3, 1, bias=False)
    layer = PointwiseConvolution(5, 3)
    layer.load_state_dict(usual.state_dict())
    x = torch.rand(1, 5, 4, 4, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(layer(x.to(memory_format=torch.channels_last)), usual(x))
