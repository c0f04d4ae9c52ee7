"""The least that must work: a gradient, a step of training."""

import unison
from unison import nn


def test_smoke_gradient_of_a_square():
    x = unison.tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]


def test_smoke_a_step_of_training_lowers_the_loss():
    unison.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    optimizer = unison.optim.Adam(model.parameters(), lr=1e-2)
    x = unison.randn(16, 4)
    losses = []
    for _ in range(10):
        loss = nn.functional.mse_loss(model(x), x.sum(dim=1, keepdim=True))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
