"""Figure 1's hyper-parameters in the parts that experiments share: an experiment takes the parts it uses, so that no
field of it does nothing."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mmcl_core.lab.config import Config

Strength = Annotated[float, Field(ge=1e-6, le=1e6)]  # its square must be a number
Neurons = Annotated[int, Field(ge=2, le=10**6)]  # one neuron cannot be positive on both classes


class Sizes(Config):
    """The model before training."""

    n: int = Field(100, ge=4, description="Figure 1: 100 training pairs")
    d: int = Field(2000, ge=4, description="Figure 1: 2000 dimensions")
    m: Neurons = Field(50, description="Figure 1: 50 neurons")
    initial_scale: float = Field(1e-3, gt=0, description="chosen: sigma_0 is not given")


class Signals(Config):
    """One strength of the signal in each modality."""

    signal: Strength = Field(5.0, description="Figure 1: ||mu|| = 5")
    ratio: float = Field(3.0, gt=0, description="Figure 1: Cmu = ||mu~|| / ||mu|| = 15 / 5")


class Descent(Config):
    """Gradient descent."""

    augmentation: float = Field(0.1, ge=0, description="Figure 1: sigma_eps = 0.1, sigma_xi = 1")
    rate: float = Field(0.01, gt=0, description="Figure 1: gradient descent, eta = 0.01")
    epochs: int = Field(200, ge=1, description="Figure 1: 200 epochs")
    scale: float = Field(1.0, gt=0, description="chosen: k = 1/(m tau); tau is not given")


class Shift(Config):
    """The shifted test set."""

    downstream: float = Field(2.0, gt=0, description="Figure 1: ||nu|| = 2")
    test_samples: int = Field(200, ge=10, description="Figure 1: 200 test samples")


SMALL = {"n": 50, "d": 500, "initial_scale": 2e-3, "rate": 0.02, "seeds": 2}  # tier smoke
SIGNAL_OF_SMALL = 3.536  # keeps n SNR^2 = 1.25 at n = 50, d = 500
